// The script of every page. Every page works without it.
import { askFirst } from "./site/ask";
import { confirmLogIn } from "./site/confirm";
import { chooseDatabase } from "./site/consent";
import { controls } from "./site/controls";
import { postLinks } from "./site/links";
import { openMenus } from "./site/menu";
import { partialForms } from "./site/partial";
import { recentDatabases } from "./site/recent";

document.documentElement.classList.add("js");
confirmLogIn();
chooseDatabase();
postLinks();
openMenus();
controls();
askFirst(); // before the forms are sent
partialForms();
recentDatabases();
