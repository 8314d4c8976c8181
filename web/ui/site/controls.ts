// controls handles the small controls of forms. Events are handled at the document,
// because parts of a page are replaced.
export function controls(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) {
      return;
    }
    const button = event.target.closest<HTMLElement>("button, a");
    if (!button) {
      return;
    }
    if (button.dataset["toggle"]) {
      event.preventDefault();
      toggle(button);
    } else if (button.dataset["add"]) {
      event.preventDefault();
      addRow(button.dataset["add"], button.dataset["into"] ?? "");
    } else if (button.dataset["remove"]) {
      event.preventDefault();
      button.closest(button.dataset["remove"])?.remove();
    } else if (button.dataset["copy"]) {
      event.preventDefault();
      void copy(button);
    } else if (button.matches(".segmented button[data-value]")) {
      event.preventDefault();
      choose(button);
    }
  });
}

// toggle shows or hides the elements whose ids data-toggle lists, and moves the focus
// to the first field that appears.
function toggle(button: HTMLElement): void {
  for (const id of (button.dataset["toggle"] ?? "").split(" ")) {
    const element = document.getElementById(id);
    if (element) {
      element.hidden = !element.hidden;
      if (!element.hidden) {
        element.querySelector<HTMLElement>("input:not([type=hidden]), textarea, select")?.focus();
      }
    }
  }
}

// addRow appends the content of a <template> to an element.
function addRow(template: string, into: string): void {
  const row = document.getElementById(template);
  const container = document.getElementById(into);
  if (row instanceof HTMLTemplateElement && container) {
    container.append(row.content.cloneNode(true));
    container.lastElementChild?.querySelector<HTMLElement>("input")?.focus();
  }
}

// choose presses one button of a group, and sets the hidden field of the group.
function choose(button: HTMLElement): void {
  const group = button.closest(".segmented");
  for (const other of group?.querySelectorAll("button[data-value]") ?? []) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  const field = group?.querySelector<HTMLInputElement>("input[type=hidden]");
  if (field) {
    field.value = button.dataset["value"] ?? "";
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

// copy puts a text into the clipboard. Browsers have no clipboard for pages over plain
// HTTP; there the text is selected for the keys of the user.
async function copy(button: HTMLElement): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (!clipboard) {
    button.parentElement?.querySelector<HTMLInputElement>("input[readonly]")?.select();
    return;
  }
  await clipboard.writeText(button.dataset["copy"] ?? "");
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = before;
  }, 2000);
}
