// A token of SQL. Blanks are no tokens.
export interface Token {
  kind: "word" | "name" | "string" | "number" | "comment" | "variable" | "other";
  from: number;
  to: number;
  text: string;
  // Whether the end of a literal, a name or a comment is missing.
  open: boolean;
}

const rest: [Token["kind"], RegExp][] = [
  ["comment", /--[^\n]*|\/\*[^]*?(?:\*\/|$)/y],
  ["string", /[xX]?'(?:[^']|'')*(?:'|$)/y],
  ["name", /"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)/y],
  ["number", /0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y],
  ["variable", /\?\d*|[:@#$][A-Za-z0-9_$\u0080-\uffff]+/y],
  ["word", /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y],
];

// tokens returns the tokens of a text, with comments.
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++;
      continue;
    }
    const token = tokenAt(text, at);
    found.push(token);
    at = token.to;
  }
  return found;
}

function tokenAt(text: string, at: number): Token {
  for (const [kind, pattern] of rest) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found) {
      return { kind, from: at, to: at + found.length, text: found, open: isOpen(kind, found) };
    }
  }
  return { kind: "other", from: at, to: at + 1, text: text.charAt(at), open: false };
}

function isOpen(kind: Token["kind"], text: string): boolean {
  switch (kind) {
    case "comment":
      return text.startsWith("--") || text.length < 4 || !text.endsWith("*/");
    case "string":
      return (text.match(/'/g) ?? []).length % 2 === 1;
    case "name": {
      const quote = text.charAt(0);
      return quote === "[" ? !text.endsWith("]") : text.split(quote).length % 2 === 0;
    }
    default:
      return false;
  }
}

// nameOf returns the name that a word or a quoted name stands for.
export function nameOf(token: Token): string {
  if (token.kind !== "name") {
    return token.text;
  }
  const quote = token.text.charAt(0);
  const inner = token.text.slice(1, token.open ? undefined : -1);
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}
