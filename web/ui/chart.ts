// Charts of results, drawn by uPlot. The table below a chart is its text alternative.
import uPlot from "uplot";
import { controlsOf } from "./chart/controls";
import { guess, kinds, maxBars, pointsOf, type Kind, type Points, type Spec } from "./chart/data";
import type { Result } from "./query/run";
import { element } from "./results/dom";

export { guess, type Spec };

const height = 320;

// kindOf returns the kind of chart with a name, or undefined.
export function kindOf(name: string): Kind | undefined {
  return kinds.find((k) => k === name);
}

// Chart shows a result as a chart, with fields that choose the kind and the axes.
export class Chart {
  private readonly canvas = element("div", "chart-canvas");
  private readonly note = element("div", "hint");
  private plot: uPlot | null = null;
  private readonly watch: ResizeObserver;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private readonly redraw = () => this.draw();

  constructor(
    target: HTMLElement,
    private readonly result: Result,
    private spec: Spec,
    changed: (spec: Spec) => void,
  ) {
    const controls = controlsOf(result, spec, (next) => {
      this.spec = next;
      this.draw();
      changed(next);
    });
    target.replaceChildren(controls, this.canvas, this.note);
    this.canvas.setAttribute("role", "img");
    this.watch = new ResizeObserver(() => this.plot?.setSize({ width: this.canvas.clientWidth, height }));
    this.watch.observe(this.canvas);
    this.dark.addEventListener("change", this.redraw);
    this.draw();
  }

  // remove ends the chart.
  remove(): void {
    this.watch.disconnect();
    this.dark.removeEventListener("change", this.redraw);
    this.plot?.destroy();
  }

  private draw(): void {
    this.plot?.destroy();
    this.plot = null;
    const points = pointsOf(this.result, this.spec);
    const what = this.spec.kind === "histogram" ? `Histogram of ${this.spec.x}` : `${this.spec.kind === "bar" ? "Bar" : this.spec.kind === "line" ? "Line" : "Scatter"} chart of ${this.spec.y} by ${this.spec.x}`;
    this.canvas.setAttribute("aria-label", `${what}. The table below has the values.`);
    this.note.textContent = noteOf(points);
    if (points.x.length > 0) {
      this.plot = new uPlot(this.options(points), [points.x, points.y], this.canvas);
    }
  }

  private options(points: Points): uPlot.Options {
    const style = getComputedStyle(this.canvas);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const font = `12px ${colour("--font") || "sans-serif"}`;
    const axis: uPlot.Axis = { stroke: colour("--muted"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    const { kind, x, y } = this.spec;
    const bars = kind === "bar" || kind === "histogram";
    const series: uPlot.Series = { label: kind === "histogram" ? "rows" : y, stroke: colour("--chart-1"), width: kind === "scatter" ? 0 : 2, points: { show: kind === "scatter" || (kind === "line" && points.x.length <= 60), size: 6, fill: colour("--chart-1") } };
    if (bars) {
      series.paths = uPlot.paths.bars?.({ size: [kind === "histogram" ? 0.98 : 0.7, 80] });
      series.fill = colour("--chart-1");
      series.points = { show: false };
    } else if (kind === "scatter") {
      series.paths = () => null;
    }
    const labels = points.labels;
    const bottom: uPlot.Axis = { ...axis, label: x, labelFont: font, labelSize: 22 };
    if (points.time) {
      bottom.values = (_, at) => at.map((seconds) => timeText(seconds, (points.x[points.x.length - 1] ?? 0) - (points.x[0] ?? 0)));
      bottom.space = 90;
    }
    if (labels) {
      bottom.splits = (_, __, from, to) => steps(Math.max(0, Math.ceil(from)), Math.min(labels.length - 1, Math.floor(to)), this.canvas.clientWidth / 90);
      bottom.values = (_, at) => at.map((i) => short(labels[i] ?? ""));
    }
    return {
      width: Math.max(200, this.canvas.clientWidth),
      height,
      padding: [null, 36, null, null],
      scales: { x: { time: points.time, range: labels || bars ? widened(points.x) : undefined }, y: { range: bars ? fromZero : undefined } } as uPlot.Scales,
      axes: [bottom, { ...axis, size: 64, label: kind === "histogram" ? "rows" : y, labelFont: font, labelSize: 22 }],
      series: [{ label: x, value: valueOf(points) } as uPlot.Series, series],
      legend: { show: true },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
      cursor: { drag: { x: true, y: false } },
    };
  }
}

function noteOf(points: Points): string {
  if (points.x.length === 0) {
    return "There are no numbers to draw. Choose other columns.";
  }
  if (points.labels) {
    return points.left > 0 ? `Only the first ${maxBars} rows are drawn.` : "";
  }
  return points.left > 0 ? `${points.left} rows without a number are left out.` : "";
}

// valueOf writes a value of the x axis in the legend.
function valueOf(points: Points): uPlot.Series.Value | undefined {
  const { labels, time } = points;
  if (labels) {
    return (_, i) => labels[i ?? -1] ?? "–";
  }
  return time ? (_, seconds) => (seconds === null ? "–" : timeText(seconds, 0)) : undefined;
}

// timeText writes a time in seconds as SQLite does: without the time of day if the
// chart shows many days.
function timeText(seconds: number, range: number): string {
  const text = new Date(seconds * 1000).toISOString().replace("T", " ");
  return range > 3 * 86_400 || (range === 0 && text.includes(" 00:00:00")) ? text.slice(0, 10) : text.slice(0, 16);
}

// widened leaves room for half a bar at both ends.
function widened(x: number[]): (u: uPlot, low: number, high: number) => [number, number] {
  let step = 1;
  if (x.length > 1) {
    step = ((x[x.length - 1] ?? 0) - (x[0] ?? 0)) / (x.length - 1) || 1;
  }
  return (_, low, high) => [low - step / 2, high + step / 2];
}

function fromZero(_: uPlot, low: number, high: number): [number, number] {
  const room = (Math.max(0, high) - Math.min(0, low)) * 0.05 || 1;
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 0];
}

// steps returns at most so many whole numbers from low to high.
function steps(low: number, high: number, most: number): number[] {
  const step = Math.max(1, Math.ceil((high - low + 1) / Math.max(1, most)));
  const found: number[] = [];
  for (let i = low; i <= high; i += step) {
    found.push(i);
  }
  return found;
}

function short(text: string): string {
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
}
