// The script of the page of a table: cells are edited in place, and changes are staged
// until they are saved together. Without it each row has a form.
import { Grid } from "./grid/grid";

const table = document.querySelector<HTMLTableElement>("#rows[data-grid]");
if (table) {
  new Grid(table);
}
