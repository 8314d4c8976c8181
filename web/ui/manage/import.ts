import { api, base, decode } from "./api";
import { ask } from "./dialog";
import { rows, showPreview } from "./preview";
import type { ImportResult } from "./preview";
import { clear, element, say, sayFailure } from "./status";

// previewBytes is the size up to which a file is previewed as soon as it is chosen.
const previewBytes = 20 << 20;

const formats: Record<string, string> = {
  sqlite: "sqlite", sqlite3: "sqlite", db: "sqlite", db3: "sqlite", sql: "sql", csv: "csv", psv: "csv", txt: "csv",
  tsv: "tsv", tab: "tsv", json: "json", ndjson: "ndjson", jsonl: "ndjson",
};

// importFiles handles the form for imports.
export function importFiles(): void {
  const form = document.querySelector<HTMLFormElement>("#import-form");
  if (form) {
    new ImportForm(form).connect();
  }
}

class ImportForm {
  private readonly file: HTMLInputElement;
  private readonly status: HTMLElement;
  private readonly preview: HTMLElement;
  private readonly progress: HTMLElement;
  private running: XMLHttpRequest | undefined;

  constructor(private readonly form: HTMLFormElement) {
    this.file = this.find("#import-file");
    this.status = this.find("[data-status]");
    this.progress = this.find("[data-progress]");
    const preview = document.querySelector<HTMLElement>("#import-preview");
    if (!preview) {
      throw new Error("The page has no place for a preview");
    }
    this.preview = preview;
  }

  private find<T extends HTMLElement>(selector: string): T {
    const found = this.form.querySelector<T>(selector);
    if (!found) {
      throw new Error(`The form has no ${selector}`);
    }
    return found;
  }

  connect(): void {
    this.find("[data-confirm-replace]").hidden = true; // a dialog asks
    this.find("[data-script-hint]").hidden = false;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const dryRun = event.submitter?.id === "preview-btn";
      void (dryRun ? this.show() : this.store());
    });
    this.file.addEventListener("change", () => this.chose());
    this.find("[data-stop]").addEventListener("click", () => this.running?.abort());
    const zone = this.find("[data-dropzone]");
    const over = (event: DragEvent, on: boolean) => {
      event.preventDefault();
      zone.classList.toggle("over", on);
    };
    zone.addEventListener("dragover", (event) => over(event, true));
    zone.addEventListener("dragleave", (event) => over(event, false));
    zone.addEventListener("drop", (event) => {
      over(event, false);
      if (event.dataTransfer && event.dataTransfer.files.length > 0) {
        this.file.files = event.dataTransfer.files;
        this.chose();
      }
    });
  }

  private chosenFile(): File | undefined {
    return this.file.files?.[0];
  }

  // chose shows what a file that was just chosen contains.
  private chose(): void {
    const file = this.chosenFile();
    clear(this.status);
    this.preview.replaceChildren();
    if (file && file.size <= previewBytes) {
      void this.show();
    }
  }

  // options returns the parameters of the API.
  private options(file: File): URLSearchParams {
    const out = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (typeof value === "string" && value.trim() !== "" && name !== "confirm_replace") {
        out.set(name, value.trim());
      }
    }
    const plain = file.name.replace(/\.(gz|zst)$/i, "");
    const dot = plain.lastIndexOf(".");
    const format = out.get("format") ?? formats[plain.slice(dot + 1).toLowerCase()];
    if (!format) {
      throw new Error("The name of the file does not show its format: choose the format in the form.");
    }
    out.set("format", format);
    if (format === "sqlite" || format === "sql") {
      out.delete("table");
      if (format === "sqlite") {
        out.set("mode", "replace"); // a file is a complete database
      }
    } else if (!out.has("table")) {
      out.set("table", dot > 0 ? plain.slice(0, dot) : plain);
    }
    return out;
  }

  // show makes a preview: the server reads the whole file and changes nothing.
  private async show(): Promise<void> {
    const result = await this.send("Preview", true);
    if (result) {
      clear(this.status);
      showPreview(this.preview, result);
    }
  }

  // store imports the file.
  private async store(): Promise<void> {
    const file = this.chosenFile();
    if (!file || !(await this.agrees(file))) {
      return;
    }
    const result = await this.send("Import", false);
    if (!result) {
      return;
    }
    this.preview.replaceChildren();
    this.file.value = "";
    const lines = (result.bad ?? []).map((bad) => `Line ${bad.line}: ${bad.message}`);
    say(this.status, "success", sentence(result), [...(result.notes ?? []), ...lines]);
    if (result.table) {
      const link = element("a", `Look at the table ${result.table}`);
      link.href = `${base}/data?table=${encodeURIComponent(result.table)}`;
      const line = element("p", "");
      line.append(link);
      this.status.querySelector(".alert")?.append(line);
    }
    document.dispatchEvent(new CustomEvent("ayb:changed"));
  }

  // agrees asks before present contents are replaced.
  private async agrees(file: File): Promise<boolean> {
    let options: URLSearchParams;
    try {
      options = this.options(file);
    } catch (error) {
      sayFailure(this.status, error);
      return false;
    }
    if (options.get("mode") !== "replace" || options.get("format") === "sql") {
      return true;
    }
    const what = options.get("table") ? `the table ${options.get("table") ?? ""}` : "the whole database";
    return ask({
      title: `Replace ${what}?`,
      text: `The present contents are deleted, and those of ${file.name} take their place.`,
      action: "Replace",
      buttonId: "confirm-replace-btn",
      danger: true,
    });
  }

  // send sends the file with its options. It returns nothing after a failure, which it
  // has shown.
  private async send(what: string, dryRun: boolean): Promise<ImportResult | undefined> {
    const file = this.chosenFile();
    if (!file || this.running) {
      return undefined;
    }
    try {
      const options = this.options(file);
      if (dryRun) {
        options.set("dry_run", "yes");
      }
      return await this.upload(`${api}/import?${options.toString()}`, file, what);
    } catch (error) {
      sayFailure(this.status, error);
      return undefined;
    } finally {
      this.running = undefined;
      this.progress.hidden = true;
    }
  }

  private upload(address: string, file: File, what: string): Promise<ImportResult> {
    const request = new XMLHttpRequest();
    const bar = this.find<HTMLProgressElement>("#import-progress");
    const text = this.find("[data-progress-text]");
    this.running = request;
    this.progress.hidden = false;
    bar.value = 0;
    text.textContent = `${what}: sending ${file.name}`;
    return new Promise((resolve, reject) => {
      request.upload.addEventListener("progress", (event) => {
        bar.value = event.lengthComputable ? (100 * event.loaded) / event.total : 0;
      });
      request.upload.addEventListener("load", () => {
        bar.removeAttribute("value");
        text.textContent = `${what}: the server works on ${file.name}`;
      });
      request.addEventListener("load", () => {
        try {
          resolve(decode<ImportResult>(request.status, request.responseText));
        } catch (error) {
          reject(error as Error);
        }
      });
      request.addEventListener("abort", () => reject(new Error("You stopped the import. Nothing has changed.")));
      request.addEventListener("error", () => reject(new Error("The connection ended before the file was sent. Nothing has changed. Try again.")));
      request.open("POST", address);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.send(file);
    });
  }
}

// sentence says what an import has done.
function sentence(result: ImportResult): string {
  if (result.format === "sqlite") {
    return "The contents of the database were replaced by the file.";
  }
  const text = result.table ? `Imported ${rows(result.rows)} into the table ${result.table}.` : "The script was carried out.";
  return result.skipped > 0 ? `${text} Left out ${rows(result.skipped)}.` : text;
}
