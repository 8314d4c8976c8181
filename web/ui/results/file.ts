import type { Result } from "../query/run";
import { textOf } from "../query/values";

// saveFile gives a result that is completely loaded to the user as a file. The
// statement is not run again.
export async function saveFile(result: Result, format: "csv" | "json", name: string): Promise<void> {
  const parts = format === "csv" ? csvOf(result) : jsonOf(result);
  const pieces: string[] = [];
  let since = performance.now();
  for (const part of parts) {
    pieces.push(part);
    if (performance.now() - since > 20) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      since = performance.now();
    }
  }
  const file = new Blob(pieces, { type: format === "csv" ? "text/csv;charset=utf-8" : "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `query-result-${name}.${format}`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function* csvOf(result: Result): Generator<string> {
  yield `${result.columns.map(field).join(",")}\n`;
  for (const row of result.rows) {
    yield `${row.map((v) => field(textOf(v))).join(",")}\n`;
  }
}

// field writes a field of CSV. NULL is empty, and an empty text is "".
function field(text: string | null): string {
  if (text === null) {
    return "";
  }
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* jsonOf(result: Result): Generator<string> {
  yield `{\n  "fields": ${list(result.columns, "  ")},\n  "rows": [`;
  for (const [i, row] of result.rows.entries()) {
    yield `${i > 0 ? "," : ""}\n    ${list(row.map(textOf), "    ")}`;
  }
  yield `${result.rows.length > 0 ? "\n  " : ""}]\n}\n`;
}

function list(values: (string | null)[], indent: string): string {
  if (values.length === 0) {
    return "[]";
  }
  return `[${values.map((v) => `\n${indent}  ${JSON.stringify(v)}`).join(",")}\n${indent}]`;
}
