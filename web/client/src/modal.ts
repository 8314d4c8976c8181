import { AybOAuth, type OAuthOptions } from "./oauth.js";

/** What the dialog for choosing a server needs. */
export interface ServerSelectionOptions extends Omit<OAuthOptions, "serverUrl"> {
  /** Servers to choose from, in order. */
  serverUrls?: readonly string[];
  callbackPath?: string;
}

const OTHER = "other";

/**
 * Shows a dialog in which the user chooses a server, then asks it for access. The
 * dialog has no style of its own but that of the browser, so that it fits any policy;
 * its class is `ayb-server-selection`.
 */
export function createServerSelectionModal(options: ServerSelectionOptions): HTMLDialogElement {
  const dialog = element("dialog", { className: "ayb-server-selection" });
  const form = element("form", { method: "dialog" });
  const title = element("h2", { textContent: `Connect ${options.appName} to a database` });
  const select = element("select", { name: "server" });
  for (const url of options.serverUrls ?? []) {
    select.append(element("option", { value: url, textContent: url }));
  }
  select.append(element("option", { value: OTHER, textContent: "Other…" }));
  const other = element("input", { type: "url", name: "url", placeholder: "https://ayb.example.org" });
  const problem = element("p", {});
  problem.setAttribute("role", "alert");
  const show = () => {
    other.hidden = select.value !== OTHER;
    other.required = !other.hidden;
  };
  select.addEventListener("change", show);
  show();
  const cancel = element("button", { type: "button", textContent: "Cancel" });
  cancel.addEventListener("click", () => dialog.close());
  form.append(title, label("Server", select), label("Address", other), problem, cancel, element("button", { type: "submit", textContent: "Connect" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const serverUrl = select.value === OTHER ? other.value : select.value;
    const client = new AybOAuth({ ...options, serverUrl });
    const target = options.callbackPath === undefined ? {} : { callbackPath: options.callbackPath };
    client.authorize(target).catch((error: unknown) => {
      problem.textContent = error instanceof Error ? error.message : String(error);
    });
  });
  dialog.append(form);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return dialog;
}

function label(text: string, field: HTMLElement): HTMLLabelElement {
  const out = element("label", {});
  out.append(`${text} `, field);
  return out;
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, properties: Partial<HTMLElementTagNameMap[K]>): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(name), properties);
}
