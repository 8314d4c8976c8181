import { statementAt, statements } from "../sql/split";
import { History } from "./history";
import { Outcome } from "./outcome";
import { readLink, type Shared } from "./share";

type EditorModule = typeof import("../editor");
type Editor = import("../editor").Editor;

// openQuery starts the query panel, if the viewer may query.
export function openQuery(): void {
  const form = document.querySelector<HTMLFormElement>("#query-form");
  if (form?.dataset["results"]) {
    new Panel(form);
  }
}

function find<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) {
    throw new Error(`the page has no #${id}`);
  }
  return found as T;
}

class Panel {
  private readonly text = find<HTMLTextAreaElement>("query");
  private readonly runButton = find<HTMLButtonElement>("run-query-btn");
  private readonly partButton = find<HTMLButtonElement>("run-part-btn");
  private readonly planButton = find<HTMLButtonElement>("plan-btn");
  private readonly notice = find("query-notice");
  private readonly outcome: Outcome;
  private readonly history: History;
  private editor: Editor | null = null;

  constructor(private readonly form: HTMLFormElement) {
    const { viewer = "", database = "" } = form.dataset;
    this.history = new History(viewer, database, find<HTMLDialogElement>("history-dialog"), (sql) => this.fill(sql));
    this.outcome = new Outcome(form, this.text, (at) => this.editor?.mark(at), () => void this.readSchema());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run({ text: this.text.value, from: 0 });
    });
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("select", () => this.changed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.run(this.part(event.shiftKey ? "statement" : "query"));
      }
    });
    this.partButton.addEventListener("click", () => this.run(this.part("statement")));
    this.planButton.addEventListener("click", () => void this.outcome.explain(this.part("statement").text));
    const historyButton = find("history-btn");
    historyButton.addEventListener("click", () => this.history.open());
    historyButton.hidden = this.planButton.hidden = false;
    form.querySelector<HTMLElement>(".query-keys")?.removeAttribute("hidden");
    this.openLink();
    addEventListener("hashchange", () => this.openLink());
    form.closest("[data-panel]")?.addEventListener("panel-shown", () => this.loadWhenIdle(), { once: true });
    this.buttons();
  }

  // openLink enters the query of a link. It never runs it: a link of another person
  // must not change data.
  private openLink(): void {
    const shared: Shared | null = readLink(location.hash);
    if (!shared?.sql || shared.sql === this.text.value) {
      return;
    }
    this.fill(shared.sql);
    this.outcome.chartNext(shared);
    this.notice.textContent = "This query came with the link and has not run. Read it, then press “Run query”.";
    this.notice.hidden = false;
  }

  private fill(sql: string): void {
    this.text.value = sql;
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
    this.editor?.focus();
  }

  private loadWhenIdle(): void {
    const load = () => void this.load();
    if ("requestIdleCallback" in window) {
      requestIdleCallback(load, { timeout: 1500 });
    } else {
      setTimeout(load, 200);
    }
  }

  // load replaces the text area by the editor. The text area stays behind it, and is
  // what the form sends.
  private async load(): Promise<void> {
    const url = this.form.dataset["editor"];
    if (!url || this.editor) {
      return;
    }
    const module = (await import(url)) as EditorModule;
    const box = find("query-box");
    const host = document.createElement("div");
    host.className = "query-editor";
    box.append(host);
    box.classList.add("has-editor");
    this.editor = new module.Editor({ textarea: this.text, host, run: (part) => this.run(this.part(part)), changed: () => this.buttons() });
    find("query-label").addEventListener("click", (event) => {
      event.preventDefault();
      this.editor?.focus();
    });
    await this.readSchema();
  }

  private async readSchema(): Promise<void> {
    const answer = await fetch(`${this.form.dataset["api"] ?? ""}/schema`);
    if (answer.ok) {
      this.editor?.setSchema((await answer.json()) as import("../editor").Schema);
    }
  }

  private changed(): void {
    this.editor?.take();
    this.outcome.stale();
    this.buttons();
  }

  private get selection(): { from: number; to: number } {
    return this.editor?.selection ?? { from: this.text.selectionStart, to: this.text.selectionEnd };
  }

  // part returns the text to run, and where it begins: the selection if there is one,
  // else the statement at the cursor or the entire text.
  private part(of: "query" | "statement"): { text: string; from: number } {
    const { from, to } = this.selection;
    const full = this.text.value;
    if (to > from && full.slice(from, to).trim() !== "") {
      return { text: full.slice(from, to), from };
    }
    const statement = of === "statement" ? statementAt(full, from) : undefined;
    return statement ? { text: full.slice(statement.from, statement.to), from: statement.from } : { text: full, from: 0 };
  }

  private buttons(): void {
    const { from, to } = this.selection;
    const blank = this.text.value.trim() === "";
    const selected = to > from && to - from < this.text.value.trim().length;
    this.runButton.disabled = blank;
    this.planButton.disabled = blank;
    this.partButton.hidden = blank || (!selected && statements(this.text.value).length < 2);
    this.partButton.textContent = selected ? "Run selection" : "Run statement at cursor";
  }

  // run runs a part of the text: all of it for the button, and the selection or a
  // statement for the keys and the other button.
  private run(part: { text: string; from: number }): void {
    if (part.text.trim() === "") {
      return;
    }
    this.notice.hidden = true;
    this.history.add(part.text);
    void this.outcome.run(part.text, part.from);
  }
}
