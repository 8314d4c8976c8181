// segment shows the radio buttons of a fieldset with data-segmented as buttons. The
// radio buttons stay in the form and keep the choice.
export function segment(): void {
  for (const fieldset of document.querySelectorAll<HTMLFieldSetElement>("fieldset[data-segmented]")) {
    const group = document.createElement("div");
    group.className = "segmented";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", fieldset.querySelector("legend")?.textContent ?? "");
    for (const radio of radios(fieldset)) {
      group.append(buttonFor(radio));
    }
    fieldset.hidden = true;
    fieldset.before(group);
    fieldset.addEventListener("change", () => press(fieldset, group));
    fieldset.form?.addEventListener("reset", () => queueMicrotask(() => press(fieldset, group)));
    press(fieldset, group);
  }
}

function buttonFor(radio: HTMLInputElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset["value"] = radio.value;
  button.textContent = radio.parentElement?.textContent?.trim() ?? radio.value;
  button.addEventListener("click", () => {
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // A field that is not shown cannot ask for a value; the script does.
  radio.required = false;
  return button;
}

function radios(within: Element): HTMLInputElement[] {
  return [...within.querySelectorAll<HTMLInputElement>("input[type=radio]")];
}

function press(fieldset: Element, group: Element): void {
  const value = chosen(fieldset);
  for (const button of group.querySelectorAll<HTMLButtonElement>("button")) {
    button.setAttribute("aria-pressed", String(button.dataset["value"] === value));
  }
}

// chosen returns the chosen value below an element; empty for none.
export function chosen(within: Element): string {
  return radios(within).find((radio) => radio.checked)?.value ?? "";
}

// choose chooses a value below an element; empty for none.
export function choose(within: Element, value: string): void {
  for (const radio of radios(within)) {
    radio.checked = radio.value === value;
  }
  within.querySelector("fieldset")?.dispatchEvent(new Event("change", { bubbles: true }));
}
