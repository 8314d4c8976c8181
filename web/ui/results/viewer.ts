import { bytesOf, hexOf, textOf, type Value } from "../query/values";
import { button, element } from "./dom";

// The most characters of a text, and bytes of a BLOB, that the dialog shows.
const maxCharacters = 500_000;
const maxBytes = 16_384;

// showValue shows a complete value in a dialog. JSON is indented.
export function showValue(column: string, value: Value): void {
  const dialog = element("dialog", "modal value-dialog");
  const title = element("h2", "mono", column);
  title.id = "value-title";
  dialog.setAttribute("aria-labelledby", title.id);
  const text = fullText(value);
  const shown = element("pre", "value-text", text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text);
  shown.tabIndex = 0;
  shown.setAttribute("aria-label", "The value");
  const copy = button("Copy", "", () => {
    navigator.clipboard.writeText(text).then(
      () => (copy.textContent = "Copied"),
      () => getSelection()?.selectAllChildren(shown), // the clipboard needs https
    );
  });
  const close = button("Close", "btn-primary", () => dialog.close());
  dialog.append(title, shown, element("div", "buttons", copy, close));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}

function fullText(value: Value): string {
  if (typeof value === "object" && value !== null && "base64" in value) {
    const bytes = bytesOf(value.base64);
    return hexOf(bytes.slice(0, maxBytes), bytes.length > maxBytes ? "…" : "");
  }
  const text = textOf(value) ?? "";
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text; // only looks like JSON
    }
  }
  return text;
}
