// The script of every page. Every page works without it.
import { confirmLogIn } from "./site/confirm";
import { chooseDatabase } from "./site/consent";
import { postLinks } from "./site/links";
import { openMenus } from "./site/menu";

confirmLogIn();
chooseDatabase();
postLinks();
openMenus();
