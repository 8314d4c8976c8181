import type { Value } from "./values";

// Result is the result of one statement, as far as it has been read.
export interface Result {
  columns: string[];
  rows: Value[][];
  // Whether all rows have been read.
  complete: boolean;
  changes: number;
}

// Failure is an error of the API. The positions are those that it sends.
export interface Failure {
  message: string;
  status: number;
  offset?: number;
  statement?: number;
  request_id?: string;
}

// The largest part of an answer that is read at once: after so many rows or characters
// the reading pauses, and the server waits.
const pauseRows = 200_000;
const pauseCharacters = 48 << 20;

// The time in milliseconds after which the page gets a turn.
const turn = 12;

const canceled: Failure = { status: 0, message: "The query was canceled." };

// Run is one request with SQL. Its answer is read line by line.
export class Run {
  readonly results: Result[] = [];
  failure: Failure | null = null;
  // The number of rows that the statements wrote; null before the end.
  written: number | null = null;
  duration = 0;
  done = false;
  canceled = false;

  private readonly abort = new AbortController();
  private reading = false;
  private lines: AsyncGenerator<string> | null = null;
  private readonly started = performance.now();

  constructor(
    private readonly api: string,
    readonly sql: string,
    private readonly readOnly = false,
  ) {}

  // Whether a part has been read, and the server waits.
  get paused(): boolean {
    return !this.reading && !this.done;
  }

  get elapsed(): number {
    return performance.now() - this.started;
  }

  // cancel ends the request, and the query on the server.
  cancel(): void {
    this.canceled = true;
    this.abort.abort();
    if (!this.reading) {
      this.fail(canceled);
    }
  }

  // read reads on, until the end or to a pause. progress is called at times.
  async read(progress: () => void): Promise<void> {
    this.reading = true;
    try {
      this.lines ??= await this.open();
      if (this.lines) {
        await this.readLines(this.lines, progress);
      }
    } catch (error) {
      this.fail(this.canceled ? canceled : { status: 0, message: `The connection to the server failed: ${String(error)}` });
    }
    this.reading = false;
  }

  private fail(failure: Failure): void {
    this.failure ??= failure;
    this.done = true;
  }

  private async open(): Promise<AsyncGenerator<string> | null> {
    const answer = await fetch(`${this.api}/query${this.readOnly ? "?mode=read-only" : ""}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/x-ndjson" },
      body: JSON.stringify({ sql: this.sql }),
      signal: this.abort.signal,
    });
    if (!answer.ok || !answer.body) {
      const body = (await answer.json().catch(() => ({}))) as Partial<Failure>;
      this.fail({ ...body, status: answer.status, message: body.message ?? `The server answered ${answer.status}.` });
      return null;
    }
    return linesOf(answer.body);
  }

  private async readLines(lines: AsyncGenerator<string>, progress: () => void): Promise<void> {
    let rows = 0;
    let characters = 0;
    let since = performance.now();
    for (;;) {
      const next = await lines.next();
      if (next.done) {
        if (this.written === null) {
          this.fail({ status: 0, message: "The connection ended before the result was complete." });
        }
        this.done = true;
        return;
      }
      this.line(next.value);
      rows += next.value.startsWith("[") ? 1 : 0;
      characters += next.value.length;
      if (this.failure || rows >= pauseRows || characters >= pauseCharacters) {
        return;
      }
      if (performance.now() - since > turn) {
        progress();
        await pause();
        since = performance.now();
      }
    }
  }

  private line(text: string): void {
    const current = this.results[this.results.length - 1];
    if (text.startsWith("[")) {
      current?.rows.push(JSON.parse(text) as Value[]);
      return;
    }
    const keys = JSON.parse(text) as { columns?: { name: string }[]; error?: Failure; statement?: number; rows_affected?: number; cost?: { rows_written: number; duration_ms: number } };
    if (keys.error) {
      this.fail({ ...keys.error, status: 200 });
    } else if (keys.cost) {
      this.written = keys.cost.rows_written;
      this.duration = keys.cost.duration_ms;
    } else if (keys.columns) {
      this.results.push({ columns: keys.columns.map((c) => c.name), rows: [], complete: false, changes: 0 });
    } else if (current) {
      current.complete = true;
      current.changes = keys.rows_affected ?? 0;
    }
  }
}

// linesOf reads the lines of a stream. It reads no further than it is asked to.
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    let from = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", from)) {
      yield rest.slice(from, end);
      from = end + 1;
    }
    rest = rest.slice(from);
    if (done) {
      if (rest !== "") {
        yield rest;
      }
      return;
    }
  }
}

// pause gives the page a turn.
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
