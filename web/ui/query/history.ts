import { button, element } from "../results/dom";

interface Entry {
  sql: string;
  at: number;
}

const most = 50;
const longest = 20_000;

// History keeps the latest queries of an account on a database, in this browser only.
export class History {
  private readonly key: string;

  constructor(
    viewer: string,
    database: string,
    private readonly dialog: HTMLDialogElement,
    private readonly chosen: (sql: string) => void,
  ) {
    this.key = `ayb_queries:${viewer}:${database}`;
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) {
        dialog.close();
      }
    });
  }

  // add puts a query at the beginning.
  add(sql: string): void {
    if (sql.length > longest || sql.trim() === "") {
      return;
    }
    const others = this.read().filter((e) => e.sql !== sql);
    this.write([{ sql, at: Date.now() }, ...others].slice(0, most));
  }

  // open shows the list.
  open(): void {
    const title = element("h2", "", "History");
    title.id = "history-title";
    const entries = this.read();
    const list = element("ul", "history-list");
    for (const entry of entries) {
      const pick = button("", "history-entry", () => {
        this.dialog.close();
        this.chosen(entry.sql);
      });
      pick.append(element("code", "", entry.sql.length > 400 ? `${entry.sql.slice(0, 400)}…` : entry.sql), element("span", "muted", new Date(entry.at).toLocaleString()));
      list.append(element("li", "", pick));
    }
    const clear = button("Clear history", "btn-danger", () => {
      this.write([]);
      this.open();
    });
    clear.hidden = entries.length === 0;
    const close = button("Close", "", () => this.dialog.close());
    this.dialog.replaceChildren(
      title,
      element("p", "muted", entries.length > 0 ? "The latest queries, kept in this browser only." : "There are no queries yet. Each query that you run is kept here, in this browser only."),
      list,
      element("div", "buttons", clear, close),
    );
    if (!this.dialog.open) {
      this.dialog.showModal();
    }
  }

  private read(): Entry[] {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found.filter((e): e is Entry => typeof e?.sql === "string" && typeof e.at === "number") : [];
    } catch {
      return []; // the storage is full, forbidden or broken
    }
  }

  private write(entries: Entry[]): void {
    try {
      localStorage.setItem(this.key, JSON.stringify(entries));
    } catch {
      // The storage is full or forbidden: then there is no history.
    }
  }
}
