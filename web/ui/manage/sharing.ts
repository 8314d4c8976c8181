import { api, call } from "./api";
import { asButton, ask } from "./dialog";
import { cell, fromTemplate, showList, whenShown } from "./list";
import { choose, chosen } from "./segmented";
import { clear, say, sayFailure } from "./status";

interface Grant {
  entity_slug: string;
  sharing_level: string;
}

// share handles the panel for sharing.
export function share(): void {
  const list = document.querySelector<HTMLElement>("#permissions-list");
  const publicForm = document.querySelector<HTMLFormElement>("#public-sharing-form");
  const form = document.querySelector<HTMLFormElement>("#entity-sharing-form");
  if (!list || !publicForm || !form) {
    return;
  }
  sharePublic(publicForm);
  shareWithUser(form, list);
  whenShown(list, () => void load(list, form));
}

function statusOf(within: Element): Element | null {
  return within.querySelector("[data-status]");
}

// sharePublic changes the public level. The button works when another level than the
// present one is chosen.
function sharePublic(form: HTMLFormElement): void {
  const button = form.querySelector<HTMLButtonElement>("#update-public-sharing-btn");
  if (!button) {
    return;
  }
  const check = () => {
    button.disabled = chosen(form) === form.dataset["current"];
  };
  form.addEventListener("change", check);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const level = chosen(form);
    button.disabled = true;
    try {
      await call("PATCH", `${api}/update`, { public_sharing_level: level });
      form.dataset["current"] = level;
      say(statusOf(form), "success", "Public sharing level updated successfully.");
    } catch (error) {
      sayFailure(statusOf(form), error);
    }
    check();
  });
  check();
}

// shareWithUser changes the access of one account.
function shareWithUser(form: HTMLFormElement, list: HTMLElement): void {
  const name = form.querySelector<HTMLInputElement>("#share-entity");
  const button = form.querySelector<HTMLButtonElement>("#share-entity-btn");
  if (!name || !button) {
    return;
  }
  const entered = () => name.value.trim().toLowerCase();
  const check = () => {
    button.disabled = entered() === "" || chosen(form) === "";
  };
  form.addEventListener("input", check);
  form.addEventListener("change", check);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    if (await grant(form, list, entered(), chosen(form))) {
      name.value = "";
      choose(form, "");
      name.dispatchEvent(new Event("input", { bubbles: true }));
    }
    check();
  });
  check();
}

// grant sets the access of an account and reads the list again. It returns whether
// that succeeded.
async function grant(form: HTMLFormElement, list: HTMLElement, name: string, level: string): Promise<boolean> {
  try {
    await call("POST", `${api}/share`, { entity_for_permission: name, sharing_level: level });
  } catch (error) {
    sayFailure(statusOf(form), error);
    return false;
  }
  if (name === document.querySelector<HTMLElement>("[data-sharing]")?.dataset["viewer"]) {
    location.reload(); // a manager has changed the own access, and sees what is left
    return true;
  }
  say(statusOf(form), "success", `Database access updated for user '${name}'.`);
  await load(list, form);
  return true;
}

// load reads the list.
async function load(list: HTMLElement, form: HTMLFormElement): Promise<void> {
  const status = statusOf(list.parentElement ?? list);
  try {
    const answer = await call<{ permissions: Grant[] }>("GET", `${api}/permissions`);
    const rows = answer.permissions.map((entry) => row(entry, list, form));
    showList(list, rows, { table: "permissions-table", empty: "no-permissions" });
    clear(status);
  } catch (error) {
    sayFailure(status, error);
  }
}

function row(entry: Grant, list: HTMLElement, form: HTMLFormElement): Element {
  const made = fromTemplate<HTMLTableRowElement>("permission-row-template");
  const name = entry.entity_slug;
  cell(made, "name", name).setAttribute("href", `/${encodeURIComponent(name)}`);
  cell(made, "level", entry.sharing_level);
  const action = (what: string, label: string, work: () => void) => {
    const link = made.querySelector<HTMLElement>(`[data-action="${what}"]`);
    if (link) {
      const button = asButton(link);
      button.setAttribute("aria-label", label);
      button.addEventListener("click", work);
    }
  };
  action("change", `Change the access of ${name}`, () => enter(form, entry));
  action("remove", `Remove the access of ${name}`, () => void removeAccess(form, list, name));
  return made;
}

// enter puts a grant into the form.
function enter(form: HTMLFormElement, entry: Grant): void {
  const name = form.querySelector<HTMLInputElement>("#share-entity");
  if (name) {
    name.value = entry.entity_slug;
    choose(form, entry.sharing_level);
    name.dispatchEvent(new Event("input", { bubbles: true }));
    form.scrollIntoView({ block: "center" });
    name.focus();
  }
}

async function removeAccess(form: HTMLFormElement, list: HTMLElement, name: string): Promise<void> {
  const agreed = await ask({
    title: `Remove the access of ${name}?`,
    text: `${name} will no longer be able to use this database beyond what its public sharing level allows.`,
    action: "Remove access",
    buttonId: "confirm-remove-btn",
    danger: true,
  });
  if (agreed && (await grant(form, list, name, "no-access"))) {
    form.querySelector<HTMLElement>("#share-entity")?.focus(); // the button is gone
  }
}
