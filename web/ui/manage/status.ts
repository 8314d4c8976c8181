// Messages beside the form or the list that they are about.

// say shows a sentence, and further ones as a list, in place of what is shown there.
export function say(place: Element | null | undefined, kind: "success" | "error", sentence: string, more: string[] = []): void {
  if (!place) {
    return;
  }
  const alert = document.createElement("div");
  alert.className = `alert alert-${kind}`;
  if (kind === "error") {
    alert.setAttribute("role", "alert");
  }
  alert.append(element("p", sentence));
  if (more.length > 0) {
    const list = document.createElement("ul");
    list.append(...more.map((text) => element("li", text)));
    alert.append(list);
  }
  place.replaceChildren(alert);
}

// sayFailure shows what an error says to the user.
export function sayFailure(place: Element | null | undefined, error: unknown): void {
  say(place, "error", error instanceof Error ? error.message : String(error));
}

// clear removes the message.
export function clear(place: Element | null | undefined): void {
  place?.replaceChildren();
}

// element makes an element with a text.
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, text: string, className = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}
