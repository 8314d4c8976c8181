// The script of the page of a database: its tabs and the query panel. The editor, the
// tables of results and the charts are loaded when they are needed.
import { openTabs } from "./database/tabs";
import { openQuery } from "./query/panel";

openQuery();
openTabs();
