// The editor of SQL: CodeMirror in a shadow root, where its styles are adopted style
// sheets, which the policy of the pages allows. The text area stays in the page as the
// source of the form, behind the editor, and the two have the same text.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { EditorState, Prec, StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder, type DecorationSet } from "@codemirror/view";
import { completion, type Schema } from "./editor/complete";
import { sqlite } from "./editor/language";
import { theme } from "./editor/theme";
import { statements } from "./sql/split";

export { statements, type Schema };

export interface Options {
  textarea: HTMLTextAreaElement;
  host: HTMLElement;
  // Called for Ctrl+Enter and Ctrl+Shift+Enter.
  run: (part: "query" | "statement") => void;
  // Called when the text or the selection has changed.
  changed: () => void;
}

const setMark = StateEffect.define<{ from: number; to: number } | null>();

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, change) {
    let next = change.docChanged ? Decoration.none : value;
    for (const effect of change.effects) {
      if (effect.is(setMark)) {
        next = effect.value ? markOf(change.state, effect.value) : Decoration.none;
      }
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function markOf(state: EditorState, at: { from: number; to: number }): DecorationSet {
  if (at.to > at.from) {
    return Decoration.set(Decoration.mark({ class: "cm-error-mark" }).range(at.from, at.to));
  }
  return Decoration.set(Decoration.line({ class: "cm-error-line" }).range(state.doc.lineAt(at.from).from));
}

// replaceSelected replaces the selected text by a typed character. The browser itself
// would keep the look of the replaced text with an inline style, which the policy of
// the pages forbids.
function replaceSelected(event: InputEvent, view: EditorView): boolean {
  const { from, to, empty } = view.state.selection.main;
  const text = event.data;
  if (event.inputType !== "insertText" || !text || empty || view.composing) {
    return false;
  }
  event.preventDefault();
  const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
  if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert))) {
    view.dispatch(insert());
  }
  return true;
}

// Editor is an editor in the page.
export class Editor {
  private readonly view: EditorView;
  private schema: Schema = { tables: [], views: [] };
  private copying = false;

  constructor(private readonly options: Options) {
    const { textarea, host } = options;
    const root = host.attachShadow({ mode: "open" });
    const parent = document.createElement("div");
    root.append(parent);
    this.view = new EditorView({ parent, root, state: EditorState.create({ doc: textarea.value, extensions: this.extensions() }) });
    textarea.addEventListener("input", () => this.take());
    const focused = document.activeElement === textarea;
    this.view.dispatch({ selection: { anchor: textarea.selectionStart, head: textarea.selectionEnd } });
    textarea.tabIndex = -1;
    textarea.setAttribute("aria-hidden", "true");
    if (focused) {
      this.view.focus();
    }
  }

  // The selected part of the text.
  get selection(): { from: number; to: number } {
    const { from, to } = this.view.state.selection.main;
    return { from, to };
  }

  focus(): void {
    this.view.focus();
  }

  setSchema(schema: Schema): void {
    this.schema = schema;
  }

  // mark shows the place of an error; null removes it. A place without an end is a
  // line.
  mark(at: { from: number; to: number } | null): void {
    const size = this.view.state.doc.length;
    const within = at && { from: Math.min(at.from, size), to: Math.min(at.to, size) };
    this.view.dispatch({ effects: within ? [setMark.of(within), EditorView.scrollIntoView(within.from)] : [setMark.of(null)] });
  }

  // take copies the text of the text area, after a change of that.
  take(): void {
    const text = this.options.textarea.value;
    if (!this.copying && text !== this.view.state.doc.toString()) {
      this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, selection: { anchor: text.length } });
    }
  }

  private extensions(): Extension {
    const run = (part: "query" | "statement") => () => {
      this.options.run(part);
      return true;
    };
    return [
      Prec.highest(keymap.of([
        { key: "Mod-Shift-Enter", run: run("statement") },
        { key: "Mod-Enter", run: run("query") },
      ])),
      lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), history(), drawSelection(), bracketMatching(), closeBrackets(),
      EditorView.lineWrapping, EditorState.allowMultipleSelections.of(true), sqlite(), theme, marks,
      placeholder(this.options.textarea.placeholder),
      autocompletion({ override: [completion(() => this.schema)], icons: false }),
      keymap.of([{ key: "Tab", run: acceptCompletion }, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.domEventHandlers({ beforeinput: replaceSelected }),
      EditorView.contentAttributes.of({ "aria-label": "SQL", tabindex: "0", autocapitalize: "off", spellcheck: "false" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          this.give();
        }
        if (update.docChanged || update.selectionSet) {
          this.options.changed();
        }
      }),
    ];
  }

  // give copies the text to the text area, and lets others know.
  private give(): void {
    const text = this.view.state.doc.toString();
    if (text === this.options.textarea.value) {
      return;
    }
    this.copying = true;
    this.options.textarea.value = text;
    this.options.textarea.dispatchEvent(new Event("input", { bubbles: true }));
    this.copying = false;
  }
}
