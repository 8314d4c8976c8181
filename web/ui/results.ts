// The results of a query: tables, downloads and errors, with the same elements as the
// page that the server makes without scripts.
import { button, element } from "./results/dom";
import { saveFile } from "./results/file";
import { maxColumns, Table } from "./results/table";
import type { Result, Run } from "./query/run";

// The rows that are shown before the viewer asks for more.
const firstRows = 500;

// Place is the place of an error in the text of the query.
export interface Place {
  line: number;
  column?: number;
}

export interface Options {
  // The address of the form, and the names for files.
  action: string;
  name: string;
  // Reads the next part of an answer that was paused.
  more: () => Promise<void>;
}

// View shows the results of a run.
export class View {
  private readonly sections: Section[] = [];

  constructor(
    private readonly target: HTMLElement,
    private readonly run: Run,
    private readonly options: Options,
  ) {
    target.replaceChildren();
  }

  // update shows what has arrived.
  update(): void {
    const results = shownResults(this.run);
    if (results.length === 0) {
      if (this.run.done) {
        this.target.replaceChildren(element("div", "", "Query executed successfully. No results returned."));
      }
      return;
    }
    const numbered = this.sections.length > 1 || results.length > 1;
    if (this.sections.some((s, i) => s.result !== results[i]) || (numbered && !this.sections[0]?.numbered)) {
      this.sections.length = 0;
      this.target.replaceChildren();
    }
    for (const [i, result] of results.entries()) {
      const there = this.sections[i];
      if (there) {
        there.update(i === results.length - 1);
        continue;
      }
      const section = new Section(result, i + 1, numbered, this.run, this.options);
      this.sections.push(section);
      this.target.append(section.node);
      section.update(i === results.length - 1);
    }
  }
}

// shownResults are the results with columns, or if there are none nothing.
export function shownResults(run: Run): Result[] {
  return run.results.filter((r) => r.columns.length > 0);
}

class Section {
  readonly node: HTMLElement;
  private table: Table | null = null;
  private readonly tools = element("div", "toolbar result-downloads");
  private readonly count = element("div", "row muted result-count");
  private limit = firstRows;
  private drawn = "";

  constructor(
    readonly result: Result,
    number: number,
    readonly numbered: boolean,
    private readonly run: Run,
    private readonly options: Options,
  ) {
    this.node = element("section", "result");
    this.node.setAttribute("aria-label", `Result ${number}`);
    this.node.append(this.tools);
    if (numbered) {
      this.node.append(element("h3", "", `Result ${number}`));
    }
    this.node.append(this.count);
  }

  update(last: boolean): void {
    this.downloads(last);
    if (!this.table || (this.result.complete && this.drawn !== "complete")) {
      const table = new Table(this.result, this.limit);
      this.table?.node.remove();
      this.table = table;
      this.drawn = this.result.complete ? "complete" : "part";
      this.count.before(table.node);
    }
    this.table.limit = this.limit;
    this.table.update();
    this.counts();
  }

  private counts(): void {
    const shown = this.table?.count ?? 0;
    const total = this.result.rows.length;
    const parts: (Node | string)[] = [];
    if (!this.result.complete) {
      parts.push(`${shown} of more than ${total} rows.`);
    } else if (shown < total) {
      parts.push(`${shown}/${total} rows. Download for full dataset.`);
    } else {
      parts.push(total === 0 ? "Query executed successfully. No results returned." : total === 1 ? "1 row" : `${total} rows`);
    }
    if (this.result.columns.length > maxColumns) {
      parts.push(` The first ${maxColumns} of ${this.result.columns.length} columns are shown.`);
    }
    const paused = !this.result.complete && !this.run.done;
    if (shown < total || paused) {
      parts.push(button("Load more", "btn-small load-more", () => void this.more()));
    }
    this.count.replaceChildren(...parts);
  }

  // more shows all rows that are loaded, or else loads more of them.
  private async more(): Promise<void> {
    if (this.limit < this.result.rows.length) {
      this.limit = Number.POSITIVE_INFINITY;
    } else {
      await this.options.more();
    }
    this.update(true);
  }

  private downloads(last: boolean): void {
    const both = [
      ["csv", "Download CSV"],
      ["json", "Download JSON"],
    ] as const;
    if (this.result.complete) {
      this.tools.replaceChildren(...both.map(([format, label]) => button(label, "btn-small", () => void saveFile(this.result, format, this.options.name))));
    } else {
      this.tools.replaceChildren(...(last && this.run.written === null && !this.run.done ? both.map(([format, label]) => this.again(format, label)) : []));
    }
  }

  // again is a form that runs the query once more for a file. The server runs it in
  // read-only mode.
  private again(format: string, label: string): HTMLFormElement {
    const form = element("form");
    form.method = "post";
    form.action = this.options.action;
    form.target = "_blank";
    for (const [name, value] of [
      ["format", format],
      ["query", this.run.sql],
    ] as const) {
      const field = element("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      form.append(field);
    }
    form.append(element("button", "btn btn-small", label));
    return form;
  }
}

// showFailure shows an error in place of the results.
export function showFailure(target: HTMLElement, run: Run, place: Place | null): void {
  const failure = run.failure;
  if (!failure) {
    return;
  }
  const box = element("div", "alert alert-error", element("strong", "", run.canceled ? "Query canceled" : "Error running query"), element("div", "query-message", failure.message));
  box.setAttribute("role", "alert");
  if (place) {
    box.append(element("div", "muted", place.column ? `Line ${place.line}, column ${place.column}` : `Line ${place.line}`));
  }
  if (failure.status === 401) {
    const link = element("a", "", "Log in again");
    link.href = `/log_in?next=${encodeURIComponent(location.pathname)}`;
    box.append(element("div", "", link));
  }
  if (failure.request_id) {
    box.append(element("div", "muted", `The log has it as ${failure.request_id}`));
  }
  target.replaceChildren(box);
}
