import { nameOf, type Token } from "../sql/tokens";
import { keywords } from "../sql/words";

// Source is a table in a statement, with its alias.
export interface Source {
  table: string;
  alias: string | null;
  // The columns that the statement itself names, of WITH name(columns).
  columns: string[] | null;
}

const before = ["FROM", "JOIN", "INTO", "UPDATE"];

// sourcesOf returns the tables that a statement reads or writes, and the names that
// its WITH defines.
export function sourcesOf(tokens: Token[]): { sources: Source[]; defined: Source[] } {
  const code = tokens.filter((t) => t.kind !== "comment");
  const sources: Source[] = [];
  const defined: Source[] = [];
  for (let i = 0; i < code.length; i++) {
    const word = wordOf(code[i]);
    if (before.includes(word) && !(word === "UPDATE" && ["DO", "FOR"].includes(wordOf(code[i - 1])))) {
      i = list(code, i + 1, sources, word === "FROM") - 1;
    } else if (isName(code[i]) && i > 0 && (["WITH", "RECURSIVE"].includes(wordOf(code[i - 1])) || (wordOf(code[0]) === "WITH" && code[i - 1]?.text === ","))) {
      define(code, i, defined);
    }
  }
  return { sources, defined };
}

// list reads tables, separated by commas after FROM, and returns the token behind.
function list(code: Token[], at: number, sources: Source[], several: boolean): number {
  for (;;) {
    if (wordOf(code[at]) === "OR") {
      at += 2; // UPDATE OR IGNORE
    }
    if (!isName(code[at])) {
      return at;
    }
    let table = code[at];
    at++;
    if (code[at]?.text === "." && isName(code[at + 1])) {
      table = code[at + 1];
      at += 2;
    }
    if (wordOf(code[at]) === "AS") {
      at++;
    }
    let alias: string | null = null;
    const after = code[at];
    if (after && isName(after)) {
      alias = nameOf(after);
      at++;
    }
    if (table) {
      sources.push({ table: nameOf(table), alias, columns: null });
    }
    if (!several || code[at]?.text !== ",") {
      return at;
    }
    at++;
  }
}

// define reads `name AS (` or `name(columns) AS (`.
function define(code: Token[], at: number, defined: Source[]): void {
  const name = code[at];
  if (!name) {
    return;
  }
  let columns: string[] | null = null;
  let next = at + 1;
  if (code[next]?.text === "(") {
    columns = [];
    for (next++; next < code.length && code[next]?.text !== ")"; next++) {
      const token = code[next];
      if (token && isName(token)) {
        columns.push(nameOf(token));
      }
    }
    next++;
  }
  if (wordOf(code[next]) === "AS") {
    defined.push({ table: nameOf(name), alias: null, columns });
  }
}

// wordOf is a word in capitals, or an empty text for any other token.
export function wordOf(token: Token | undefined): string {
  return token?.kind === "word" ? token.text.toUpperCase() : "";
}

// isName reports whether a token can be a name here: a word that is no keyword, or a
// name in quotes.
export function isName(token: Token | undefined): boolean {
  return token !== undefined && (token.kind === "name" || (token.kind === "word" && !keywords.has(token.text.toUpperCase())));
}
