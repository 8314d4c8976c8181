import type { Result } from "../query/run";
import { isNumber } from "../query/values";
import { cellOf, shown } from "./cell";
import { element } from "./dom";

// A table of at most so many cells is shown as it is. Of a larger one, the page has
// only the rows in view.
const plainCells = 1500;

// The most columns that are shown.
export const maxColumns = 100;

// The rows above and below the view that are kept ready.
const margin = 6;

// The sizes of columns in characters, and the number of rows that they are chosen by.
const narrowest = 6;
const widest = 44;
const sample = 60;

// Table shows the rows of a result.
export class Table {
  readonly node: HTMLElement;
  private readonly table = element("table", "table table-data");
  private readonly body = element("tbody");
  private readonly virtual: boolean;
  private readonly columns: string[];
  private above = element("tr", "table-gap");
  private below = element("tr", "table-gap");
  private rowHeight = 34;
  private from = 0;
  private to = 0;
  private asked = false;

  // limit is the number of rows that are shown at most.
  constructor(
    private readonly result: Result,
    public limit: number,
  ) {
    this.columns = result.columns.slice(0, maxColumns);
    this.virtual = Math.min(result.rows.length, limit) * this.columns.length > plainCells || !result.complete;
    const head = element("tr", "", ...this.columns.map((name, c) => this.header(name, c)));
    this.table.append(element("thead", "", head), this.body);
    this.node = element("div", "table-scroll result-scroll", this.table);
    this.node.tabIndex = 0;
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "Rows of the result");
    if (this.virtual) {
      this.table.classList.add("table-virtual");
      this.table.prepend(this.widths());
      this.above.setAttribute("aria-hidden", "true");
      this.below.setAttribute("aria-hidden", "true");
      this.node.addEventListener("scroll", () => this.ask(), { passive: true });
      new ResizeObserver(() => this.ask()).observe(this.node);
    } else {
      this.body.append(...result.rows.slice(0, limit).map((_, i) => this.row(i)));
    }
  }

  // The number of rows that are shown, most of them perhaps out of view.
  get count(): number {
    return Math.min(this.limit, this.result.rows.length);
  }

  // update shows rows that have arrived meanwhile.
  update(): void {
    if (this.virtual) {
      this.from = this.to = -1;
      this.ask();
    }
  }

  // ask draws the rows in view before the next frame.
  private ask(): void {
    if (!this.asked) {
      this.asked = true;
      requestAnimationFrame(() => {
        this.asked = false;
        this.draw();
      });
    }
  }

  private draw(): void {
    const head = this.table.tHead?.offsetHeight ?? 0;
    const view = Math.ceil(this.node.clientHeight / this.rowHeight);
    const first = Math.max(0, Math.floor((this.node.scrollTop - head) / this.rowHeight) - margin);
    const from = Math.min(first, Math.max(0, this.count - 1));
    const to = Math.min(this.count, first + view + 2 * margin);
    if (from === this.from && to === this.to) {
      return;
    }
    [this.from, this.to] = [from, to];
    const rows: HTMLTableRowElement[] = [];
    for (let i = from; i < to; i++) {
      rows.push(this.row(i));
    }
    this.above.style.height = `${from * this.rowHeight}px`;
    this.below.style.height = `${(this.count - to) * this.rowHeight}px`;
    this.table.setAttribute("aria-rowcount", String(this.count + 1));
    this.body.replaceChildren(this.above, ...rows, this.below);
    const height = rows[0]?.getBoundingClientRect().height ?? this.rowHeight;
    if (height > 0 && Math.abs(height - this.rowHeight) > 0.01) {
      this.rowHeight = height;
      this.from = -1;
      this.ask();
    }
  }

  private row(i: number): HTMLTableRowElement {
    const row = element("tr");
    const values = this.result.rows[i] ?? [];
    for (let c = 0; c < this.columns.length; c++) {
      row.append(cellOf(this.columns[c] ?? "", values[c] ?? null));
    }
    if (this.virtual) {
      row.setAttribute("aria-rowindex", String(i + 2));
      row.classList.toggle("odd", i % 2 === 1);
    }
    return row;
  }

  // header is the name of a column, above its numbers if it has numbers.
  private header(name: string, column: number): HTMLTableCellElement {
    const first = this.result.rows.find((r) => r[column] !== null)?.[column] ?? null;
    const cell = element("th", isNumber(first) ? "num" : "", name);
    cell.scope = "col";
    return cell;
  }

  // widths fixes the widths of the columns, so that they do not change while the
  // table is scrolled.
  private widths(): HTMLTableColElement {
    const group = document.createElement("colgroup");
    const rows = this.result.rows.slice(0, sample);
    let all = 0;
    for (let c = 0; c < this.columns.length; c++) {
      const longest = Math.max(this.columns[c]?.length ?? 0, ...rows.map((r) => (r[c] === null ? 4 : shown(r[c] ?? null).length)));
      const width = Math.min(widest, Math.max(narrowest, longest)) + 4;
      const column = document.createElement("col");
      column.style.width = `${width}ch`;
      all += width;
      group.append(column);
    }
    this.table.style.minWidth = `${all}ch`;
    return group;
  }
}
