import { api, call } from "./api";
import { busy } from "./busy";
import { ask } from "./dialog";
import { bytes, cell, fromTemplate, seconds, showList, whenShown } from "./list";
import { clear, element, say, sayFailure } from "./status";

interface Snapshot {
  snapshot_id: string;
  last_modified_at: string;
  bytes: number;
  message: string | null;
  before_restore: boolean;
}

// restoreSnapshots handles the panel of snapshots.
export function restoreSnapshots(): void {
  const list = document.querySelector<HTMLElement>("#snapshots-list");
  const form = document.querySelector<HTMLFormElement>("#take-snapshot-form");
  const status = document.querySelector<HTMLElement>("#snapshots-status");
  if (!list || !form || !status) {
    return;
  }
  const panel = new Panel(list, status, form.dataset["viewer"] ?? "");
  whenShown(list, () => void panel.load());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void panel.take(form);
  });
}

class Panel {
  constructor(
    private readonly list: HTMLElement,
    private readonly status: HTMLElement,
    private readonly viewer: string,
  ) {}

  // load reads the list. After a failure the message stays until the next success.
  async load(): Promise<void> {
    try {
      const answer = await call<{ snapshots: Snapshot[] }>("GET", `${api}/list_snapshots`);
      showList(this.list, answer.snapshots.map((s) => this.row(s)), { table: "snapshots-table", empty: "no-snapshots" });
    } catch (error) {
      sayFailure(this.status, error);
    }
  }

  private row(snapshot: Snapshot): Element {
    const made = fromTemplate<HTMLTableRowElement>("snapshot-row-template");
    cell(made, "id", snapshot.snapshot_id);
    cell(made, "created", seconds(snapshot.last_modified_at)).setAttribute("datetime", snapshot.last_modified_at);
    cell(made, "message", snapshot.message ?? "");
    cell(made, "size", bytes(snapshot.bytes));
    if (!snapshot.before_restore) {
      made.querySelector('[data-cell="before"]')?.remove();
    }
    const form = made.querySelector<HTMLFormElement>("form[data-restore]");
    const id = form?.querySelector<HTMLInputElement>("[name=snapshot_id]");
    if (form && id) {
      id.value = snapshot.snapshot_id;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        void this.restore(snapshot);
      });
    }
    return made;
  }

  // take takes a snapshot.
  async take(form: HTMLFormElement): Promise<void> {
    const status = form.querySelector("[data-status]");
    const message = form.querySelector<HTMLInputElement>("[name=message]");
    const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
    if (!message || !button) {
      return;
    }
    clear(status);
    try {
      const taken = await busy(button, "Taking the snapshot…", () =>
        call<{ snapshot_id: string; created: boolean }>("POST", `${api}/snapshots`, { message: message.value.trim() }),
      );
      message.value = "";
      say(status, "success", taken.created
        ? `Snapshot '${taken.snapshot_id}' taken.`
        : `Nothing has changed since snapshot '${taken.snapshot_id}', so no new one was needed.`);
      await this.load();
    } catch (error) {
      sayFailure(status, error);
    }
  }

  // restore asks how to restore a snapshot, and does it.
  private async restore(snapshot: Snapshot): Promise<void> {
    const asNew = newDatabase(this.viewer);
    const agreed = await ask({
      title: `Restore snapshot ${snapshot.snapshot_id.slice(0, 10)}?`,
      text: `It was taken on ${seconds(snapshot.last_modified_at)}. The present contents are replaced by those of the snapshot. They are kept as a snapshot, so you can go back.`,
      action: "Restore",
      buttonId: "confirm-restore-btn",
      danger: true,
      more: asNew.elements,
    });
    if (!agreed) {
      return;
    }
    const name = asNew.name();
    const id = snapshot.snapshot_id;
    say(this.status, "success", "Restoring…");
    try {
      await call("POST", `${api}/restore_snapshot`, name === "" ? { snapshot_id: id } : { snapshot_id: id, to: `${this.viewer}/${name}` });
    } catch (error) {
      sayFailure(this.status, error);
      return;
    }
    if (name !== "") {
      location.assign(`/${encodeURIComponent(this.viewer)}/${encodeURIComponent(name)}`);
      return;
    }
    say(this.status, "success", `Database successfully restored from snapshot '${id}'.`);
    document.dispatchEvent(new CustomEvent("ayb:changed"));
    await this.load();
  }
}

// newDatabase returns the fields of the dialog to restore into a new database. The
// name is empty unless that was chosen.
function newDatabase(viewer: string): { elements: HTMLElement[]; name: () => string } {
  const check = document.createElement("input");
  check.type = "checkbox";
  check.id = "restore-as-new";
  const label = element("label", "", "check");
  label.append(check, " Make a new database instead, and leave this one as it is");
  const field = element("div", "", "field");
  const fieldLabel = element("label", `Name of the new database of ${viewer}`);
  const input = document.createElement("input");
  input.type = "text";
  input.id = "restore-to";
  input.maxLength = 128;
  input.autocapitalize = "none";
  input.spellcheck = false;
  input.autocomplete = "off";
  fieldLabel.htmlFor = input.id;
  field.append(fieldLabel, input);
  field.hidden = true;
  check.addEventListener("change", () => {
    field.hidden = !check.checked;
    input.required = check.checked;
    if (check.checked) {
      input.focus();
    }
  });
  return { elements: [label, field], name: () => (check.checked ? input.value.trim() : "") };
}
