import { api, call, Failure } from "./api";
import { cell, fromTemplate, seconds, showList } from "./list";
import { clear, sayFailure } from "./status";

// everyMilliseconds is how often the list of running queries is read while the page is
// in view.
const everyMilliseconds = 2000;

interface Running {
  id: string;
  sql: string;
  entity: string;
  state: string;
  started_at: string;
}

// watchRunning keeps the list of running queries up to date.
export function watchRunning(): void {
  const section = document.querySelector<HTMLElement>("[data-running]");
  const place = section?.querySelector<HTMLElement>("[data-list]");
  if (!section || !place) {
    return;
  }
  const status = section.querySelector("[data-status]");
  const watch = new Watch(place, status);
  void watch.refresh();
  setInterval(() => {
    if (document.visibilityState === "visible") {
      void watch.refresh();
    }
  }, everyMilliseconds);
}

class Watch {
  // rows are kept by the id of the query, so that the focus stays on a button.
  private readonly rows = new Map<string, Element>();
  private reading = false;
  private failed = false;

  constructor(
    private readonly place: HTMLElement,
    private readonly status: Element | null,
  ) {}

  async refresh(): Promise<void> {
    if (this.reading) {
      return;
    }
    this.reading = true;
    try {
      const answer = await call<{ queries: Running[] }>("GET", `${api}/queries`);
      this.show(answer.queries);
      if (this.failed) {
        clear(this.status);
      }
      this.failed = false;
    } catch (error) {
      this.failed = true;
      sayFailure(this.status, error);
    } finally {
      this.reading = false;
    }
  }

  private show(queries: Running[]): void {
    for (const id of this.rows.keys()) {
      if (!queries.some((query) => query.id === id)) {
        this.rows.get(id)?.remove();
        this.rows.delete(id);
      }
    }
    const body = this.rows.size > 0 ? this.place.querySelector("tbody") : null;
    const fresh = queries.filter((query) => !this.rows.has(query.id)).map((query) => this.row(query));
    for (const query of queries) {
      const row = this.rows.get(query.id);
      if (row) {
        cell(row, "state", query.state);
      }
    }
    if (body) {
      body.append(...fresh);
    } else {
      showList(this.place, fresh, { table: "running-table", empty: "no-running" });
    }
  }

  private row(query: Running): Element {
    const made = fromTemplate<HTMLTableRowElement>("running-row-template");
    cell(made, "sql", query.sql);
    cell(made, "caller", query.entity);
    cell(made, "state", query.state);
    cell(made, "started", seconds(query.started_at)).setAttribute("datetime", query.started_at);
    made.querySelector("form[data-cancel]")?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.cancel(query.id, made.querySelector("button"));
    });
    this.rows.set(query.id, made);
    return made;
  }

  private async cancel(id: string, button: HTMLButtonElement | null): Promise<void> {
    if (button) {
      button.disabled = true;
    }
    try {
      await call("DELETE", `${api}/queries/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof Failure && error.status === 404)) { // it has ended
        this.failed = true;
        sayFailure(this.status, error);
      }
    }
    await this.refresh();
  }
}
