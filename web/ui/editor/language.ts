import { HighlightStyle, StreamLanguage, syntaxHighlighting, type StringStream } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { tags } from "@lezer/highlight";
import { functions, keywords, types } from "../sql/words";

// The end of a literal, name or comment that a line leaves open.
interface State {
  until: string;
  style: string | null;
}

const known = new Set(functions.map((name) => name.toUpperCase()));
const wholeWord = /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/;
const number = /^(0[xX][0-9a-fA-F]+|(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?)/;

// The language colours SQL as SQLite reads it: comments do not nest, [names] and
// "names" are names, and all keywords of SQLite are keywords.
const language = StreamLanguage.define<State>({
  name: "sqlite",
  startState: () => ({ until: "", style: null }),
  token(stream, state) {
    if (state.until) {
      return quoted(stream, state);
    }
    if (stream.eatSpace()) {
      return null;
    }
    if (stream.match("--")) {
      stream.skipToEnd();
      return "comment";
    }
    if (stream.match("/*")) {
      return begin(stream, state, "*/", "comment");
    }
    if (stream.match(/^[xX]?'/)) {
      return begin(stream, state, "'", "string");
    }
    for (const [open, close] of ['""', "``", "[]"]) {
      if (open && close && stream.eat(open)) {
        return begin(stream, state, close, "name");
      }
    }
    if (stream.match(number)) {
      return "number";
    }
    if (stream.match(/^(\?\d*|[:@#$][A-Za-z0-9_$]+)/)) {
      return "special";
    }
    const word = stream.match(wholeWord);
    if (word instanceof Array) {
      return kindOf(word[0].toUpperCase(), stream);
    }
    stream.next();
    return "operator";
  },
  languageData: { commentTokens: { line: "--", block: { open: "/*", close: "*/" } }, closeBrackets: { brackets: ["(", "'", '"'] } },
  tokenTable: { name: tags.propertyName, special: tags.special(tags.variableName), function: tags.function(tags.variableName) },
});

function kindOf(word: string, stream: StringStream): string | null {
  if (word === "NULL" || word === "TRUE" || word === "FALSE") {
    return "atom";
  }
  if (known.has(word) && stream.match(/^\s*\(/, false)) {
    return "function";
  }
  return keywords.has(word) ? "keyword" : types.has(word) ? "typeName" : null;
}

function begin(stream: StringStream, state: State, until: string, style: string): string {
  state.until = until;
  state.style = style;
  return quoted(stream, state) ?? style;
}

// quoted reads up to the end of the literal, name or comment, or of the line. A quote
// that is written twice is not the end.
function quoted(stream: StringStream, state: State): string | null {
  const style = state.style;
  while (!stream.eol()) {
    if (stream.match(state.until)) {
      if (state.until.length === 1 && state.until !== "]" && stream.eat(state.until)) {
        continue;
      }
      state.until = "";
      state.style = null;
      return style;
    }
    stream.next();
  }
  return style;
}

const style = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)", fontWeight: "600" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: [tags.number, tags.atom, tags.special(tags.variableName)], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.function(tags.variableName)], color: "var(--code-type)" },
  { tag: tags.operator, color: "var(--code-operator)" },
]);

// sqlite is the language with its colours.
export function sqlite(): Extension {
  return [language, syntaxHighlighting(style)];
}
