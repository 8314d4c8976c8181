// askFirst makes forms with data-ask="ID" ask in the dialog with this id before they
// are sent. The elements with data-subject in the dialog show the data-subject of the
// form. The button of the dialog with the value "confirm" sends the form.
export function askFirst(): void {
  let waiting: HTMLFormElement | undefined;
  let agreed: HTMLFormElement | undefined;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) {
      return;
    }
    if (form.method === "dialog") {
      if (waiting && event.submitter instanceof HTMLButtonElement && event.submitter.value === "confirm") {
        agreed = waiting;
        agreed.requestSubmit();
      }
      waiting = undefined;
      return;
    }
    const dialog = document.getElementById(form.dataset["ask"] ?? "");
    if (form === agreed || !(dialog instanceof HTMLDialogElement)) {
      agreed = undefined;
      return;
    }
    event.preventDefault();
    waiting = form;
    ask(dialog, form.dataset["subject"] ?? "");
  });
}

function ask(dialog: HTMLDialogElement, subject: string): void {
  for (const element of dialog.querySelectorAll("[data-subject]")) {
    element.textContent = subject;
  }
  dialog.showModal();
}
