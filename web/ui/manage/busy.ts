// busy disables a button with another text while work goes on, and then gives it back
// as it was.
export async function busy<T>(button: HTMLButtonElement, text: string, work: () => Promise<T>): Promise<T> {
  const before = button.textContent;
  button.disabled = true;
  button.textContent = text;
  try {
    return await work();
  } finally {
    button.disabled = false;
    button.textContent = before;
  }
}

// busyForms makes forms with data-busy show that they were sent, and stops a second
// sending. The browser then leaves the page; when it comes back to it, the button
// works again.
export function busyForms(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-busy]")) {
    const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
    const text = button?.textContent ?? "";
    form.addEventListener("submit", (event) => {
      if (form.hasAttribute("aria-busy")) {
        event.preventDefault();
        return;
      }
      form.setAttribute("aria-busy", "true");
      if (button) {
        button.textContent = form.dataset["busy"] ?? text;
      }
    });
    window.addEventListener("pageshow", () => {
      form.removeAttribute("aria-busy");
      if (button) {
        button.textContent = text;
      }
    });
  }
}
