import { AybError, errorOf } from "./errors.js";
import { decode, encode, type Parameter, type Value } from "./values.js";

/** Values of parameters: by position, or by name with or without its sign. */
export type Params = readonly Parameter[] | { readonly [name: string]: Parameter };

/** One statement of a batch. */
export interface Statement {
  sql: string;
  params?: Params;
  /** The number of rows that the statement must affect; otherwise the batch fails. */
  expectRowsAffected?: number;
}

/** A column of a result; `type` is the declared type, or null for an expression. */
export interface Column {
  name: string;
  type: string | null;
}

/** A row; the values are in the order of the columns. */
export type Row = Value[];

/** The result of one statement. */
export interface Result {
  columns: Column[];
  rows: Row[];
  rowsAffected: number;
  lastInsertRowid: number | bigint | null;
  /** Whether `maxRows` cut the result. */
  truncated: boolean;
}

interface WireResult {
  columns: Column[];
  rows: unknown[][];
  rows_affected: number;
  last_insert_rowid: unknown;
  truncated: boolean;
  error?: object;
}

/** Returns parameters as the typed API takes them. */
export function encodeParams(params: Params): unknown {
  if (Array.isArray(params)) {
    return params.map(encode);
  }
  return Object.fromEntries(Object.entries(params as Record<string, Parameter>).map(([name, value]) => [name, encode(value)]));
}

/** Returns a statement as the typed API takes it. */
export function encodeStatement(s: Statement): object {
  return {
    sql: s.sql,
    ...(s.params === undefined ? {} : { params: encodeParams(s.params) }),
    ...(s.expectRowsAffected === undefined ? {} : { expect_rows_affected: s.expectRowsAffected }),
  };
}

/** Reads an answer of the typed API. An error in place of a result is thrown. */
export function decodeResults(text: string): Result[] {
  const answer = JSON.parse(text) as { results: WireResult[] };
  return answer.results.map((r) => {
    if (r.error) {
      throw errorOf(400, JSON.stringify(r.error));
    }
    return {
      columns: r.columns,
      rows: r.rows.map((row) => row.map(decode)),
      rowsAffected: r.rows_affected,
      lastInsertRowid: decode(r.last_insert_rowid) as number | bigint | null,
      truncated: r.truncated,
    };
  });
}

/** Returns rows as objects. Of columns with the same name, the last one counts. */
export function objectsOf(result: Result): Record<string, Value>[] {
  return result.rows.map((row) => Object.fromEntries(result.columns.map((c, i) => [c.name, row[i] ?? null])));
}

/**
 * The rows of the first result with columns, while they arrive. Leaving the loop ends
 * the statement on the server.
 */
export class RowStream implements AsyncIterable<Row> {
  readonly columns: Column[];
  readonly #lines: AsyncGenerator<string>;

  private constructor(columns: Column[], lines: AsyncGenerator<string>) {
    this.columns = columns;
    this.#lines = lines;
  }

  /** Reads an answer up to the columns. */
  static async open(body: ReadableStream<Uint8Array>): Promise<RowStream> {
    const lines = linesOf(body);
    for (;;) {
      const line = await lines.next();
      if (line.done) {
        return new RowStream([], lines);
      }
      const head = parse(line.value) as { columns?: Column[] };
      if (head.columns && head.columns.length > 0) {
        return new RowStream(head.columns, lines);
      }
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row> {
    try {
      for await (const line of this.#lines) {
        const row = parse(line);
        if (!Array.isArray(row)) {
          if ("rows_affected" in row) { // the end of the result
            return;
          }
          continue;
        }
        yield row.map(decode);
      }
      if (this.columns.length > 0) {
        throw new AybError("The answer ended before it was complete");
      }
    } finally {
      await this.#lines.return(undefined);
    }
  }
}

/** Reads a line; the line of an error is thrown. */
function parse(line: string): unknown[] | object {
  const value = JSON.parse(line) as unknown[] | { error?: object };
  if (!Array.isArray(value) && value.error) {
    throw errorOf(400, JSON.stringify(value.error));
  }
  return value;
}

/** Splits a body into lines. Ending it early cancels the body. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        if (part !== "") {
          yield part;
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // the connection may be gone
  }
}
