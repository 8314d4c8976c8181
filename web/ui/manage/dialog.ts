import { element } from "./status";

// Question is what a dialog asks.
export interface Question {
  title: string;
  // text says what the action does.
  text: string;
  // action is the text of the button that does it, and buttonId its id.
  action: string;
  buttonId: string;
  danger: boolean;
  // more are further elements between the text and the buttons.
  more?: HTMLElement[];
}

// ask shows a dialog and returns whether the user chose the action. The focus starts
// at the button that cancels, stays inside, and goes back to where it was.
export function ask(question: Question): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "modal";
  const form = document.createElement("form");
  form.method = "dialog";
  const heading = element("h2", question.title);
  heading.id = `${question.buttonId}-heading`;
  dialog.setAttribute("aria-labelledby", heading.id);
  const cancel = element("button", "Cancel", "btn");
  cancel.type = "button";
  cancel.autofocus = true;
  const action = element("button", question.action, question.danger ? "btn btn-danger" : "btn btn-primary");
  action.type = "submit";
  action.id = question.buttonId;
  const buttons = element("p", "", "buttons");
  buttons.append(cancel, " ", action);
  form.append(heading, element("p", question.text), ...(question.more ?? []), buttons);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let agreed = false;
    cancel.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", () => {
      agreed = true;
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(agreed);
    });
    dialog.showModal();
  });
}

// asButton replaces a link by a button, for an action that asks in a dialog in place of
// a page. The Enter key works a link when it is pressed and a button when it is typed,
// so with a link the same key would also work a button of the dialog.
export function asButton(link: HTMLElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = link.className;
  if (link.id) {
    button.id = link.id;
  }
  Object.assign(button.dataset, link.dataset);
  button.textContent = link.textContent;
  link.replaceWith(button);
  return button;
}
