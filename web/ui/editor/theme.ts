import { EditorView } from "@codemirror/view";

// theme is the look of the editor, from the tokens of the style sheet. They reach into
// the shadow root.
export const theme = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--surface-raised)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius)", fontSize: "0.9375rem", minHeight: "11rem", maxHeight: "60vh" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto", borderRadius: "inherit" },
  ".cm-content": { padding: "0.5rem 0", caretColor: "var(--text)" },
  ".cm-content, .cm-gutter": { minHeight: "10.875rem" },
  ".cm-line": { padding: "0 0.75rem 0 0.5rem" },
  ".cm-gutters": { backgroundColor: "var(--surface-sunken)", color: "var(--muted)", border: "0", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "var(--code-line)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--code-line)", color: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-placeholder": { color: "var(--muted)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": { backgroundColor: "var(--code-selection)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--code-match)", color: "inherit" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--danger-soft)", color: "inherit" },
  ".cm-error-mark": { textDecoration: "underline wavy var(--danger) 2px", textUnderlineOffset: "3px", backgroundColor: "var(--danger-soft)" },
  ".cm-error-line": { backgroundColor: "var(--danger-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--surface-raised)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "var(--radius-small)", boxShadow: "var(--shadow-raised)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "15rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.2rem 0.6rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "0.75em" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
});
