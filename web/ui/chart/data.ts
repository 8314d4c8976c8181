import type { Result } from "../query/run";
import { isNumber, numberOf, textOf, type Value } from "../query/values";

// The kinds of charts.
export const kinds = ["bar", "line", "scatter", "histogram"] as const;
export type Kind = (typeof kinds)[number];

// Spec is what a chart shows: the names of the columns of its axes.
export interface Spec {
  kind: Kind;
  x: string;
  y: string;
}

// Points are the data of a chart. Labels are set when the x axis has texts.
export interface Points {
  x: number[];
  y: (number | null)[];
  labels: string[] | null;
  time: boolean;
  // The number of rows without a value that can be drawn.
  left: number;
}

// The most bars of texts that are drawn.
export const maxBars = 500;

// guess chooses axes: the first column with numbers is y, and the first other one x.
export function guess(result: Result): Spec {
  const numeric = result.columns.map((_, i) => isNumeric(result, i));
  let y = numeric.lastIndexOf(true);
  let x = numeric.findIndex((n, i) => !n && i !== y);
  if (y < 0) {
    y = 0;
  }
  if (x < 0) {
    x = result.columns.findIndex((_, i) => i !== y);
  }
  const name = (i: number) => result.columns[i] ?? result.columns[0] ?? "";
  const kind = numeric[x] || isTime(result, x) ? "line" : "bar";
  return { kind, x: name(Math.max(0, x)), y: name(y) };
}

// isNumeric reports whether the values of a column are numbers, as far as a look at
// the first rows shows.
export function isNumeric(result: Result, column: number): boolean {
  const values = some(result, column);
  return values.length > 0 && values.every((v) => isNumber(v) || (typeof v === "string" && !Number.isNaN(numberOf(v))));
}

function isTime(result: Result, column: number): boolean {
  const values = some(result, column);
  return values.length > 0 && values.every((v) => typeof v === "string" && /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?$/.test(v));
}

function some(result: Result, column: number): Value[] {
  return result.rows.slice(0, 200).flatMap((r) => (r[column] === null || r[column] === undefined ? [] : [r[column]]));
}

// pointsOf returns the data of a chart.
export function pointsOf(result: Result, spec: Spec): Points {
  const x = Math.max(0, result.columns.indexOf(spec.x));
  const y = Math.max(0, result.columns.indexOf(spec.y));
  if (spec.kind === "histogram") {
    return histogram(result, x);
  }
  const time = isTime(result, x);
  if (!time && !isNumeric(result, x)) {
    return texts(result, x, y);
  }
  const xOf = (v: Value) => (time && typeof v === "string" ? Date.parse(v.includes("T") || v.includes(" ") ? `${v.replace(" ", "T")}Z`.replace("ZZ", "Z") : v) / 1000 : numberOf(v));
  const all = result.rows.map((r) => [xOf(r[x] ?? null), numberOf(r[y] ?? null)] as const);
  const kept = all.filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b)).sort((a, b) => a[0] - b[0]);
  return { x: kept.map((p) => p[0]), y: kept.map((p) => p[1]), labels: null, time, left: all.length - kept.length };
}

function texts(result: Result, x: number, y: number): Points {
  const rows = result.rows.slice(0, maxBars);
  return {
    x: rows.map((_, i) => i),
    y: rows.map((r) => (Number.isFinite(numberOf(r[y] ?? null)) ? numberOf(r[y] ?? null) : null)),
    labels: rows.map((r) => textOf(r[x] ?? null) ?? "NULL"),
    time: false,
    left: result.rows.length - rows.length,
  };
}

// histogram counts the values of a column in bins of equal width.
function histogram(result: Result, column: number): Points {
  const values = result.rows.map((r) => numberOf(r[column] ?? null)).filter((n) => Number.isFinite(n));
  const left = result.rows.length - values.length;
  if (values.length === 0) {
    return { x: [], y: [], labels: null, time: false, left };
  }
  let low = values[0] ?? 0;
  let high = low;
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  const bins = high === low ? 1 : Math.min(60, Math.ceil(Math.log2(values.length) + 1));
  const width = high === low ? 1 : (high - low) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const v of values) {
    const bin = Math.min(bins - 1, Math.floor((v - low) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { x: counts.map((_, i) => low + (i + 0.5) * width), y: counts, labels: null, time: false, left };
}
