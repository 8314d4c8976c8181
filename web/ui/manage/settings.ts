import { asButton } from "./dialog";
import { element } from "./status";

// copySnippets adds a button to each snippet that copies it.
export function copySnippets(): void {
  for (const snippet of document.querySelectorAll<HTMLElement>("pre[data-snippet]")) {
    const button = element("button", "Copy", "btn btn-small snippet-copy");
    button.type = "button";
    const label = document.getElementById(snippet.getAttribute("aria-labelledby") ?? "")?.textContent ?? "";
    button.setAttribute("aria-label", `Copy: ${label}`);
    button.addEventListener("click", async () => {
      button.textContent = (await copy(snippet)) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => {
        button.textContent = "Copy";
      }, 2000);
    });
    const wrapper = element("div", "", "snippet");
    snippet.replaceWith(wrapper);
    wrapper.append(snippet, button);
  }
}

// copy copies the text of an element and reports whether that succeeded. Over plain
// HTTP in a local network browsers have no clipboard for scripts; then the text is
// selected for the keyboard.
async function copy(from: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(from.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(from);
    return false;
  }
}

// deleteByDialog shows the form that deletes the database in a dialog.
export function deleteByDialog(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#delete-dialog");
  const link = document.querySelector<HTMLAnchorElement>("#delete-link");
  const form = document.querySelector<HTMLFormElement>("#delete-form");
  if (form) {
    requireName(form);
  }
  if (!dialog || !link) {
    return;
  }
  asButton(link).addEventListener("click", () => {
    dialog.showModal();
    dialog.querySelector<HTMLInputElement>("#delete-name")?.focus();
  });
  dialog.querySelector("[data-close]")?.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
}

// requireName enables the button that deletes when the name of the database is typed.
function requireName(form: HTMLFormElement): void {
  const name = form.querySelector<HTMLInputElement>("#delete-name");
  const button = form.querySelector<HTMLButtonElement>("#confirm-delete-btn");
  if (!name || !button) {
    return;
  }
  const check = () => {
    button.disabled = name.value.trim() !== form.dataset["name"];
  };
  name.addEventListener("input", check);
  check();
}
