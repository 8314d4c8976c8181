// element makes an element with classes, text and children.
export function element<K extends keyof HTMLElementTagNameMap>(name: K, classes = "", ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (classes) {
    made.className = classes;
  }
  made.append(...children);
  return made;
}

// button makes a button that is not the one that sends a form.
export function button(label: string, classes: string, clicked: () => void): HTMLButtonElement {
  const made = element("button", `btn ${classes}`, label);
  made.type = "button";
  made.addEventListener("click", clicked);
  return made;
}
