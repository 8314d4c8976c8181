import { bytesOf, hexOf, isNumber, textOf, type Value } from "../query/values";
import { button, element } from "./dom";
import { showValue } from "./viewer";

// The parts of a value that a cell shows: characters of a text, and bytes of a BLOB.
const maxText = 2000;
const maxBytes = 32;

// shown returns a value as a cell shows it.
export function shown(v: Value): string {
  if (typeof v === "object" && v !== null && "base64" in v) {
    const bytes = bytesOf(v.base64.length > 1 << 16 ? v.base64.slice(0, 64) : v.base64);
    const size = Math.floor((v.base64.replace(/=+$/, "").length * 3) / 4);
    return `${hexOf(bytes.slice(0, maxBytes), size > maxBytes ? "…" : "")} · ${size} bytes`;
  }
  const text = textOf(v) ?? "";
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text;
}

// A longer text is a button that shows the complete value.
const longText = 40;

// cellOf makes a cell of a table.
export function cellOf(column: string, v: Value): HTMLTableCellElement {
  const text = shown(v);
  const long = text.length > longText || (typeof v === "object" && v !== null && "base64" in v && text.includes("…"));
  const cell = element("td", "", long ? button(text, "cell-more", () => showValue(column, v)) : text);
  if (v === null) {
    cell.className = "null";
  } else if (isNumber(v)) {
    cell.className = "num";
  } else if (typeof v === "object") {
    cell.className = "blob";
  }
  return cell;
}
