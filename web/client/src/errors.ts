/** An error that the server reports, or a failure to reach it. */
export class AybError extends Error {
  override readonly name = "AybError";

  /** HTTP status of the answer; 0 when there was no answer. */
  readonly status: number;
  /** Kind of the error as the server names it, such as `Other` or `invalid_token`. */
  readonly type: string;
  /** Index of the statement that failed in a batch or script. */
  readonly statement: number | undefined;
  /** Byte offset of the failure in the SQL of the statement. */
  readonly offset: number | undefined;
  /** SQLite's extended result code. */
  readonly sqliteCode: number | undefined;
  /** Seconds to wait before another attempt, from `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** The body of the answer as text. */
  readonly body: string;

  constructor(message: string, details: Partial<Pick<AybError, "status" | "type" | "statement" | "offset" | "sqliteCode" | "retryAfter" | "body">> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = details.status ?? 0;
    this.type = details.type ?? "";
    this.statement = details.statement;
    this.offset = details.offset;
    this.sqliteCode = details.sqliteCode;
    this.retryAfter = details.retryAfter;
    this.body = details.body ?? "";
  }

  /** Reports whether the same call may succeed later: no answer, 429 or 503. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

type Body = { message?: string; type?: string; statement?: number; offset?: number; sqlite_code?: number; error_description?: string };

/** Makes the error of an answer. The prefix is put before the message. */
export function errorOf(status: number, text: string, retryAfter: string | null = null, prefix = ""): AybError {
  let body: Body = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) {
      body = parsed as Body;
    }
  } catch {
    // The answer of a proxy need not be JSON.
  }
  const message = body.message ?? body.error_description ?? (text.trim() === "" ? `status ${status}` : text);
  const seconds = Number(retryAfter ?? NaN);
  return new AybError(prefix + message, {
    status,
    type: body.type ?? "",
    statement: body.statement,
    offset: body.offset,
    sqliteCode: body.sqlite_code,
    retryAfter: Number.isFinite(seconds) ? seconds : undefined,
    body: text,
  });
}

/** Makes the error of a call without an answer; an abort of the caller stays as it is. */
export function failureOf(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) {
    return signal.reason;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AybError(`The server did not answer: ${reason}`, {}, cause);
}
