import { element } from "./status";

// ImportResult is the answer of an import or of a dry run.
export interface ImportResult {
  format: string;
  table?: string;
  created: boolean;
  columns?: { name: string; type: string }[];
  rows: number;
  skipped: number;
  bad?: { line: number; message: string }[];
  notes?: string[];
  preview?: (string | null)[][];
}

// showPreview shows what a dry run has found.
export function showPreview(place: HTMLElement, result: ImportResult): void {
  const heading = element("h4", "Preview");
  heading.id = "preview-heading";
  const parts: HTMLElement[] = [heading, element("p", summary(result))];
  if (result.notes?.length) {
    parts.push(list(result.notes));
  }
  if (result.bad?.length) {
    const alert = element("div", "", "alert alert-error");
    alert.append(element("p", "What cannot be imported:"), list(result.bad.map((bad) => `Line ${bad.line}: ${bad.message}`)));
    parts.push(alert);
  }
  if (result.columns?.length) {
    parts.push(table(result));
  }
  parts.push(element("p", "Nothing has been changed yet.", "muted"));
  place.replaceChildren(...parts);
}

function summary(result: ImportResult): string {
  if (result.format === "sqlite") {
    return "Format sqlite. The file is in order and would replace the whole database.";
  }
  if (result.format === "sql") {
    return result.bad?.length
      ? "Format sql. The script stops with an error, and an import would change nothing."
      : "Format sql. The script runs without an error.";
  }
  let text = `Format ${result.format}`;
  if (result.table) {
    text += `, ${rows(result.rows)} for ${result.table}, ${result.created ? "a new table" : "an existing table"}`;
  }
  if (result.skipped > 0) {
    text += `, ${rows(result.skipped)} that cannot be imported`;
  }
  return `${text}.`;
}

// rows formats a number of rows.
export function rows(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}

function list(sentences: string[]): HTMLElement {
  const made = document.createElement("ul");
  made.append(...sentences.map((text) => element("li", text)));
  return made;
}

function table(result: ImportResult): HTMLElement {
  const scroll = element("div", "", "table-scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-labelledby", "preview-heading");
  const made = element("table", "", "table table-data");
  const head = document.createElement("tr");
  for (const column of result.columns ?? []) {
    const th = element("th", `${column.name} `);
    th.scope = "col";
    th.append(element("span", column.type, "muted"));
    head.append(th);
  }
  made.createTHead().append(head);
  const body = made.createTBody();
  for (const row of result.preview ?? []) {
    const tr = document.createElement("tr");
    tr.append(...row.map((value) => (value === null ? element("td", "", "null") : element("td", value))));
    body.append(tr);
  }
  scroll.append(made);
  return scroll;
}
