import { type Change, Staged } from "./staged";

// Grid is a table whose cells can be edited: a double click, or Enter on a cell, opens
// a field; the changes are staged in a drawer below.
export class Grid {
  private readonly columns: string[];
  private readonly staged: Staged;
  private readonly drawer: HTMLElement;

  constructor(private readonly table: HTMLTableElement) {
    this.columns = [...table.querySelectorAll<HTMLAnchorElement>("thead th a")].map((a) => new URL(a.href).searchParams.get("sort") ?? "");
    this.staged = new Staged(table.dataset["grid"] ?? "");
    this.drawer = this.makeDrawer();
    for (const row of this.body.rows) {
      this.prepare(row);
    }
    this.body.addEventListener("dblclick", (event) => this.open(event.target));
    this.body.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target instanceof HTMLTableCellElement) {
        event.preventDefault();
        this.open(event.target);
      }
    });
    addEventListener("beforeunload", (event) => {
      if (this.staged.changes.size > 0) {
        event.preventDefault();
      }
    });
    this.addRowButton();
  }

  private get body(): HTMLTableSectionElement {
    return this.table.tBodies[0] as HTMLTableSectionElement;
  }

  // prepare makes the cells of a row reachable by keyboard, and adds its button to
  // delete.
  private prepare(row: HTMLTableRowElement): void {
    const [tools, ...cells] = row.cells;
    for (const cell of cells) {
      cell.tabIndex = 0;
    }
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "btn btn-quiet btn-small row-delete";
    remove.textContent = "Delete";
    remove.addEventListener("click", () => void this.attempt(() => this.remove(row)));
    tools?.append(" ", remove);
  }

  private keyOf(row: HTMLTableRowElement): string {
    const link = row.querySelector<HTMLAnchorElement>(".row-edit a");
    return link ? (new URL(link.href).searchParams.get("key") ?? "") : "";
  }

  // changeOf returns the staged change of a row, and begins one if there is none.
  private async changeOf(row: HTMLTableRowElement): Promise<{ change: Change; before: Change["texts"] }> {
    const there = this.staged.changes.get(row);
    const key = this.keyOf(row);
    if (!key) {
      return { change: there ?? { key: "", old: {}, texts: {}, delete: false }, before: {} };
    }
    const now = await this.staged.read(key);
    return { change: there ?? { key, old: now.old, texts: {}, delete: false }, before: now.texts };
  }

  private open(target: EventTarget | null): void {
    const cell = target instanceof Element ? target.closest("td") : null;
    const row = cell?.parentElement;
    if (!cell || !(row instanceof HTMLTableRowElement) || cell.classList.contains("row-edit") || cell.querySelector("textarea") || row.classList.contains("row-deleted")) {
      return;
    }
    void this.attempt(() => this.edit(row, cell));
  }

  // edit opens a field in a cell.
  private async edit(row: HTMLTableRowElement, cell: HTMLTableCellElement): Promise<void> {
    const column = this.columns[cell.cellIndex - 1] ?? "";
    const { change, before } = await this.changeOf(row);
    if (change.key && !(column in before)) {
      throw new Error(`${column} cannot be typed in: it is computed, a BLOB, or too long. Use the form of the row or a query.`);
    }
    const shown = [...cell.childNodes];
    const classes = cell.className;
    const field = document.createElement("textarea");
    field.rows = 1;
    field.value = change.texts[column] ?? before[column] ?? "";
    field.setAttribute("aria-label", `${column}; Enter stages the value, Escape leaves it, Alt+N sets NULL`);
    cell.replaceChildren(field);
    field.focus();
    field.select();
    let done = false;
    const close = (value: string | null | undefined) => {
      if (done) {
        return;
      }
      done = true;
      cell.replaceChildren(...shown);
      cell.className = classes;
      if (value !== undefined && (value !== (before[column] ?? null) || !change.key)) {
        change.texts[column] = value;
        this.staged.changes.set(row, change);
        cell.textContent = value ?? "";
        cell.className = value === null ? "null cell-changed" : "cell-changed";
        this.update();
      }
      cell.focus();
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        close(undefined);
      } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        close(field.value);
      } else if (event.altKey && event.code === "KeyN") {
        event.preventDefault();
        close(null);
      }
      event.stopPropagation();
    });
    field.addEventListener("blur", () => close(field.value === (before[column] ?? "") ? undefined : field.value));
  }

  // remove stages the deletion of a row, takes it back, or drops a new row.
  private async remove(row: HTMLTableRowElement): Promise<void> {
    if (!this.keyOf(row)) {
      this.staged.changes.delete(row);
      row.remove();
      this.update();
      return;
    }
    const { change } = await this.changeOf(row);
    change.delete = !change.delete;
    row.classList.toggle("row-deleted", change.delete);
    this.staged.changes.set(row, change);
    if (!change.delete && Object.keys(change.texts).length === 0) {
      this.staged.changes.delete(row);
    }
    this.update();
  }

  // addRowButton makes the link to the form for a new row add a row to the grid.
  private addRowButton(): void {
    document.querySelector<HTMLAnchorElement>("a[data-add-row]")?.addEventListener("click", (event) => {
      event.preventDefault();
      const row = this.body.insertRow(0);
      row.insertCell().className = "row-edit";
      for (const _ of this.columns) {
        row.insertCell().className = "null";
      }
      this.prepare(row);
      this.staged.changes.set(row, { key: "", old: {}, texts: {}, delete: false });
      this.update();
      row.cells[1]?.focus();
    });
  }

  private makeDrawer(): HTMLElement {
    const template = document.getElementById("staged-template") as HTMLTemplateElement;
    const drawer = (template.content.firstElementChild as HTMLElement).cloneNode(true) as HTMLElement;
    drawer.hidden = true;
    template.after(drawer);
    const on = (selector: string, work: () => Promise<void> | void) => drawer.querySelector(selector)?.addEventListener("click", () => void this.attempt(work));
    on("[data-discard]", () => {
      this.staged.changes.clear();
      location.reload();
    });
    on("[data-script]", async () => {
      const answer = await this.staged.send("preview");
      this.say(answer.problem ?? "");
      this.part("[data-sql]").textContent = answer.script ?? "";
      this.part("[data-sql]").hidden = !answer.script;
    });
    on("[data-save]", () => this.save());
    return drawer;
  }

  private part(selector: string): HTMLElement {
    return this.drawer.querySelector(selector) as HTMLElement;
  }

  private async save(): Promise<void> {
    const rows = this.staged.rows();
    const answer = await this.staged.send("apply");
    if (answer.problem) {
      rows[answer.statement]?.classList.add("row-conflict");
      rows[answer.statement]?.scrollIntoView({ block: "nearest" });
      throw new Error(answer.problem);
    }
    this.staged.changes.clear();
    location.reload();
  }

  // update shows how many changes are staged.
  private update(): void {
    const n = this.staged.changes.size;
    this.drawer.hidden = n === 0;
    this.part("[data-staged-count]").textContent = n === 1 ? "1 row is changed, and not saved" : `${n} rows are changed, and not saved`;
    this.part("[data-sql]").hidden = true;
    this.say("");
  }

  private say(problem: string): void {
    this.part("[data-problem]").textContent = problem;
    this.part("[data-problem]").hidden = problem === "";
  }

  // attempt does what was asked for, and shows a failure.
  private async attempt(work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.drawer.hidden = false;
      this.say(error instanceof TypeError ? "The server did not answer. Check the connection, then try again." : (error as Error).message);
    }
  }
}
