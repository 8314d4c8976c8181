import type { Chart } from "../chart";
import type { View } from "../results";
import { button, element } from "../results/dom";
import { placeOf } from "./place";
import { Run, type Result } from "./run";
import { linkTo, type Shared } from "./share";

type ResultsModule = typeof import("../results");
type ChartModule = typeof import("../chart");
type PlanModule = typeof import("../plan");

// A paused answer keeps a connection and a place on the server, at most for this time
// in milliseconds.
const longestPause = 60_000;

// Outcome is everything below the editor: the state of the query, its results, the
// chart and the plan.
export class Outcome {
  private readonly results = document.getElementById("query-results") as HTMLElement;
  private readonly tools = document.getElementById("result-tools") as HTMLElement;
  private readonly chartPanel = document.getElementById("chart-panel") as HTMLElement;
  private readonly planPanel = document.getElementById("plan-panel") as HTMLElement;
  private readonly status = document.getElementById("query-status") as HTMLElement;
  private readonly time = document.getElementById("query-time") as HTMLElement;
  private readonly cancelButton = document.getElementById("cancel-query-btn") as HTMLButtonElement;
  private run_: Run | null = null;
  private view: View | null = null;
  private chart: Chart | null = null;
  private shared: Shared = { sql: "", chart: "", x: "", y: "" };
  private pauseTimer = 0;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly text: HTMLTextAreaElement,
    private readonly mark: (at: { from: number; to: number } | null) => void,
    private readonly schemaChanged: () => void,
  ) {
    this.cancelButton.addEventListener("click", () => this.cancel());
  }

  private get api(): string {
    return this.form.dataset["api"] ?? "";
  }

  // stale marks the results as those of another text.
  stale(): void {
    if (this.results.childElementCount > 0) {
      this.results.classList.add("stale");
    }
  }

  // chartNext shows the chart of a link with the next results.
  chartNext(shared: Shared): void {
    this.shared = shared;
  }

  // run runs SQL, which begins at base in the text area.
  async run(sql: string, base: number): Promise<void> {
    this.run_?.cancel();
    document.getElementById("preview")?.remove(); // the results take its place
    clearTimeout(this.pauseTimer);
    const run = new Run(this.api, sql);
    this.run_ = run;
    this.view = null;
    const full = this.text.value;
    this.mark(null);
    this.planPanel.hidden = true;
    this.closeChart();
    this.tools.hidden = true;
    this.status.textContent = "Running";
    const module = (await import(this.form.dataset["results"] ?? "")) as ResultsModule;
    let shown = performance.now();
    const show = () => {
      this.results.classList.remove("stale");
      this.view ??= new module.View(this.results, run, {
        action: this.form.action,
        name: this.form.dataset["name"] ?? "",
        more: () => this.read(run, show),
      });
      this.view.update();
    };
    await this.read(run, () => {
      if (performance.now() - shown > 400) {
        shown = performance.now();
        show();
      }
    });
    if (this.run_ !== run) {
      return;
    }
    if (run.failure) {
      const place = placeOf(run.failure, full, sql, base);
      this.results.classList.remove("stale");
      module.showFailure(this.results, run, place);
      if (place && this.text.value === full) {
        this.mark(place);
      }
      return;
    }
    show();
    this.shared = { ...this.shared, sql };
    this.offerTools(module.shownResults(run));
    if (run.written !== 0 || /\b(create|alter|drop)\b/i.test(sql)) {
      this.schemaChanged();
    }
  }

  // read reads the next part of an answer, with the time in sight.
  private async read(run: Run, progress: () => void): Promise<void> {
    clearTimeout(this.pauseTimer);
    this.cancelButton.hidden = false;
    const clock = setInterval(() => {
      this.time.textContent = `${(run.elapsed / 1000).toFixed(1)} s`;
    }, 100);
    await run.read(progress);
    clearInterval(clock);
    if (this.run_ !== run) {
      return;
    }
    progress();
    this.cancelButton.hidden = run.done;
    this.time.textContent = "";
    this.status.textContent = summary(run);
    if (!run.done) {
      this.pauseTimer = window.setTimeout(() => this.cancel(), longestPause);
    }
  }

  // cancel ends the request. A proxy may hide that from the server, so the query is
  // also canceled by its id if it still runs.
  private cancel(): void {
    const run = this.run_;
    if (!run) {
      return;
    }
    const paused = run.paused;
    run.cancel();
    if (paused) {
      this.view?.update();
      this.cancelButton.hidden = true;
      this.status.textContent = `${summary(run)}. These are the first rows only.`;
    }
    const viewer = this.form.dataset["viewer"];
    setTimeout(() => {
      void (async () => {
        const answer = await fetch(`${this.api}/queries`);
        const { queries = [] } = (answer.ok ? await answer.json() : {}) as { queries?: { id: string; entity: string; sql: string }[] };
        const left = queries.filter((q) => q.entity === viewer && q.sql !== "" && run.sql.startsWith(q.sql)).pop();
        if (left && this.run_ === run) {
          await fetch(`${this.api}/queries/${encodeURIComponent(left.id)}`, { method: "DELETE" });
        }
      })();
    }, 1000);
  }

  // explain shows the plan of a statement.
  async explain(sql: string): Promise<void> {
    const statement = sql.trim().replace(/^explain(\s+query\s+plan)?\s/i, "");
    const run = new Run(this.api, `EXPLAIN QUERY PLAN ${statement}`, true);
    const { showPlan } = (await import(this.form.dataset["plan"] ?? "")) as PlanModule;
    await run.read(() => undefined);
    this.planPanel.hidden = false;
    const close = () => {
      this.planPanel.hidden = true;
    };
    if (run.failure) {
      const box = element("div", "alert alert-error", element("strong", "", "The plan can't be shown"), element("div", "", run.failure.message));
      box.setAttribute("role", "alert");
      this.planPanel.replaceChildren(box, button("Close", "btn-small", close));
      return;
    }
    showPlan(this.planPanel, run.results[0]?.rows ?? [], close);
  }

  // offerTools shows the buttons above the results. The chart is that of the last
  // result.
  private offerTools(results: Result[]): void {
    const result = results[results.length - 1];
    const copy = button("Copy link", "btn-small", () => void this.copyLink(copy));
    const tools: HTMLElement[] = [copy];
    if (result && result.rows.length > 0) {
      const toggle = button("Chart", "btn-small", () => void this.toggleChart(result, toggle));
      toggle.id = "chart-btn";
      toggle.setAttribute("aria-pressed", "false");
      tools.unshift(toggle);
      if (this.shared.chart) {
        void this.toggleChart(result, toggle);
      }
    }
    this.tools.replaceChildren(...tools);
    this.tools.hidden = false;
  }

  private async toggleChart(result: Result, toggle: HTMLButtonElement): Promise<void> {
    if (this.chart) {
      this.closeChart();
      this.shared = { ...this.shared, chart: "", x: "", y: "" };
      toggle.setAttribute("aria-pressed", "false");
      return;
    }
    await loadStyle(this.form.dataset["chartStyle"] ?? "");
    const module = (await import(this.form.dataset["chart"] ?? "")) as ChartModule;
    const known = (name: string) => (result.columns.includes(name) ? name : undefined);
    const own = module.guess(result);
    const kind = module.kindOf(this.shared.chart) ?? own.kind;
    const spec = { kind, x: known(this.shared.x) ?? own.x, y: known(this.shared.y) ?? own.y };
    const remember = ({ kind: chart, x, y }: typeof spec) => {
      this.shared = { ...this.shared, chart, x, y: chart === "histogram" ? "" : y };
    };
    this.chartPanel.hidden = false;
    this.chart = new module.Chart(this.chartPanel, result, spec, remember);
    remember(spec);
    toggle.setAttribute("aria-pressed", "true");
  }

  private closeChart(): void {
    this.chart?.remove();
    this.chart = null;
    this.chartPanel.hidden = true;
  }

  // copyLink copies an address with the query and its chart, and shows it in the
  // address line, too.
  private async copyLink(from: HTMLButtonElement): Promise<void> {
    const link = linkTo(this.shared);
    history.replaceState(null, "", link);
    try {
      await navigator.clipboard.writeText(link);
      from.textContent = "Link copied";
    } catch {
      from.textContent = "The link is in the address line"; // the clipboard needs https
    }
  }
}

// summary is what the page says of a run.
function summary(run: Run): string {
  if (run.canceled) {
    return `Canceled after ${(run.elapsed / 1000).toFixed(1)} s`;
  }
  if (run.failure) {
    return "";
  }
  if (!run.done) {
    return "Paused";
  }
  const changes = run.results.reduce((last, r) => (r.changes > 0 ? r.changes : last), 0);
  const changed = changes === 1 ? "1 row changed, " : changes > 1 ? `${changes} rows changed, ` : "";
  return `${changed}${run.duration < 1 ? "less than 1" : Math.round(run.duration)} ms`;
}

// loadStyle adds a style sheet to the page, once.
async function loadStyle(url: string): Promise<void> {
  if (!url || document.querySelector(`link[href="${url}"]`)) {
    return;
  }
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url;
  await new Promise((resolve) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", resolve);
    document.head.append(link);
  });
}
