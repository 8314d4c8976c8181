import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { statements } from "../sql/split";
import { nameOf, tokens, type Token } from "../sql/tokens";
import { functions, keywords, quoteName } from "../sql/words";
import { isName, sourcesOf, wordOf, type Source } from "./scope";

// Schema is what GET …/schema answers, as far as the completion needs it.
export interface Schema {
  tables: Table[];
  views: Table[];
}

interface Table {
  name: string;
  type: string;
  columns: { name: string; type: string }[];
}

// The most suggestions in the list.
const mostOptions = 200;

// After these words only tables make sense.
const tableWords = ["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"];

// completion suggests tables, columns, functions and keywords. Names are quoted as
// SQLite needs it. In literals and comments it suggests nothing.
export function completion(schema: () => Schema): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    if (!context.explicit && context.view && !context.view.hasFocus) {
      return null; // the user has gone on, and a list would stay open
    }
    const text = context.state.doc.toString();
    const at = context.pos;
    const own = statements(text).find((s) => s.from <= at && at <= s.to && !(text[at - 1] === ";" && at === s.to)) ?? { from: at, to: at };
    const before = tokens(text.slice(own.from, at));
    const last = before[before.length - 1];
    if (last && last.from + last.text.length === at - own.from && (last.kind === "comment" || last.kind === "string" || last.kind === "number" || last.kind === "variable") && (last.open || last.kind !== "comment")) {
      return null;
    }
    const typed = last && last.to === at - own.from && (last.kind === "word" || last.kind === "name") ? last : undefined;
    if (typed?.kind === "name" && !typed.open) {
      return null;
    }
    if (!typed && !context.explicit && last?.text !== ".") {
      return null;
    }
    const preceding = typed ? before.slice(0, -1) : before;
    const scope = sourcesOf(tokens(text.slice(own.from, own.to)));
    const options = matching(suggestions(schema(), scope, preceding, typed?.kind === "name"), typed ? nameOf(typed) : "");
    return options.length > 0 ? { from: typed ? own.from + typed.from : at, options, filter: false } : null;
  };
}

// matching returns the suggestions that contain a text in their names: first those
// that begin with it, of which columns come first. The case does not matter.
function matching(options: Completion[], text: string): Completion[] {
  const wanted = text.toLowerCase();
  const rank = (o: Completion) => ((o.displayLabel ?? o.label).toLowerCase().startsWith(wanted) ? 0 : 1);
  return options
    .filter((o) => (o.displayLabel ?? o.label).toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || (b.boost ?? 0) - (a.boost ?? 0) || a.label.localeCompare(b.label))
    .slice(0, mostOptions);
}

interface Scope {
  sources: Source[];
  defined: Source[];
}

function suggestions(schema: Schema, scope: Scope, before: Token[], quoted: boolean): Completion[] {
  const previous = before[before.length - 1];
  const qualifier = before[before.length - 2];
  if (previous?.text === "." && qualifier) {
    return columns(schema, scope, resolve(scope, nameOf(qualifier)), quoted);
  }
  const all = [...schema.tables, ...schema.views];
  const tables = [
    ...all.map((t) => option(t.name, "class", t.type, quoted, 2)),
    ...scope.defined.map((s) => option(s.table, "class", "with", quoted, 3)),
  ];
  if (tableWords.includes(wordOf(previous)) || inList(before)) {
    return tables;
  }
  const found = columns(schema, scope, scope.sources, quoted);
  const aliases = scope.sources.flatMap((s) => (s.alias ? [option(s.alias, "class", s.table, quoted, 4)] : []));
  if (quoted) {
    return [...found, ...aliases, ...tables];
  }
  return [
    ...found,
    ...aliases,
    ...tables,
    ...functions.map((name) => ({ label: name, type: "function", apply: `${name}(`, boost: -10 })),
    ...[...keywords].map((name) => ({ label: name, type: "keyword", boost: -20 })),
  ];
}

// inList reports whether the cursor is behind a comma in the list of FROM.
function inList(before: Token[]): boolean {
  if (before[before.length - 1]?.text !== ",") {
    return false;
  }
  for (let i = before.length - 2; i >= 0; i--) {
    const word = wordOf(before[i]);
    if (word === "FROM") {
      return true;
    }
    if (!isName(before[i]) && word !== "AS" && before[i]?.text !== "," && before[i]?.text !== ".") {
      return false;
    }
  }
  return false;
}

// resolve returns the tables that a qualifier stands for.
function resolve(scope: Scope, name: string): Source[] {
  const same = (a: string | null) => a !== null && a.toLowerCase() === name.toLowerCase();
  const found = scope.sources.filter((s) => same(s.alias) || (s.alias === null && same(s.table)));
  return found.length > 0 ? found : [{ table: name, alias: null, columns: null }];
}

function columns(schema: Schema, scope: Scope, sources: Source[], quoted: boolean): Completion[] {
  const found = new Map<string, Completion>();
  for (const source of sources) {
    const defined = scope.defined.find((d) => d.table.toLowerCase() === source.table.toLowerCase());
    for (const name of defined?.columns ?? []) {
      found.set(name, option(name, "property", source.table, quoted, 10));
    }
    const table = defined ? undefined : [...schema.tables, ...schema.views].find((t) => t.name.toLowerCase() === source.table.toLowerCase());
    for (const column of table?.columns ?? []) {
      if (!found.has(column.name)) {
        found.set(column.name, option(column.name, "property", column.type || source.table, quoted, 10));
      }
    }
  }
  return [...found.values()];
}

// option is a suggestion of a name. Its label is what is inserted.
function option(name: string, type: string, detail: string, quoted: boolean, boost: number): Completion {
  return { label: quoteName(name, quoted), displayLabel: name, type, detail, boost };
}
