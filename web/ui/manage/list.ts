// Lists that are read when their panel is opened, from <template>s in the page.

// whenShown calls back each time that an element is displayed after it was not, so at
// the start and each time that its panel is opened. Scrolling does not count.
export function whenShown(place: Element, callback: () => void): void {
  let shown = false;
  new ResizeObserver((entries) => {
    const now = (entries[entries.length - 1]?.contentRect.width ?? 0) > 0;
    if (now && !shown) {
      callback();
    }
    shown = now;
  }).observe(place);
}

// fromTemplate returns a copy of the first element in a template.
export function fromTemplate<T extends Element>(id: string): T {
  const template = document.getElementById(id);
  if (!(template instanceof HTMLTemplateElement) || !template.content.firstElementChild) {
    throw new Error(`The page has no template ${id}`);
  }
  return document.importNode(template.content.firstElementChild, true) as T;
}

// showList shows rows in a table, or what the page says in place of an empty one. names
// are the ids of the templates without -template.
export function showList(place: Element, rows: Element[], names: { table: string; empty: string }): void {
  if (rows.length === 0) {
    place.replaceChildren(fromTemplate(`${names.empty}-template`));
    return;
  }
  const table = fromTemplate(`${names.table}-template`);
  table.querySelector("tbody")?.replaceChildren(...rows);
  place.replaceChildren(table);
}

// cell sets the text of a cell by its name and returns it.
export function cell(row: Element, name: string, text: string): HTMLElement {
  const found = row.querySelector<HTMLElement>(`[data-cell="${name}"]`);
  if (!found) {
    throw new Error(`The row has no cell ${name}`);
  }
  found.textContent = text;
  return found;
}

// seconds formats a time of the API as YYYY-MM-DD HH:MM:SS UTC.
export function seconds(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

// bytes formats a number of bytes with a binary unit.
export function bytes(count: number): string {
  if (count < 1024) {
    return `${count} bytes`;
  }
  let value = count / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < 3; unit++) {
    value /= 1024;
  }
  return `${value.toFixed(1).replace(/\.0$/, "")} ${["KiB", "MiB", "GiB", "TiB"][unit]}`;
}
