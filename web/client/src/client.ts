import { AybError, errorOf, failureOf } from "./errors.js";
import { type StorageChoice, type TokenStorage, storageOf } from "./storage.js";
import { decodeResults, encodeParams, encodeStatement, objectsOf, type Params, type Result, RowStream, type Statement } from "./typed.js";
import type { Value } from "./values.js";

/** How a client is made. With `url` and `token` it is connected at once, and stores nothing. */
export interface ClientOptions {
  /** Name of the application, for the key in the storage. */
  appId: string;
  /** Key in the storage; `ayb_` and the appId by default. */
  storageKey?: string;
  /** Address of the database: `https://server/v1/entity/database`. */
  url?: string;
  token?: string;
  /** Where the token is kept; `local` by default. */
  storage?: StorageChoice;
  /** Milliseconds that a call may take; no limit by default. */
  timeout?: number;
  fetch?: typeof fetch;
}

/** The address of a database. */
export interface DatabaseUrl {
  baseUrl: string;
  entity: string;
  database: string;
}

/** The database that a client is connected to. */
export interface ConnectionInfo extends DatabaseUrl {
  databaseUrl: string;
}

/** A result in which every value is a text or null. */
export interface TextResult {
  fields: string[];
  rows: (string | null)[][];
}

/** Options of one call. */
export interface QueryOptions {
  signal?: AbortSignal;
  /** Milliseconds that the call may take. */
  timeout?: number;
  /** Attempts after a failure to reach the server, 2, 4, 8 … seconds later. */
  maxRetries?: number;
  /** Rows of each result at most. */
  maxRows?: number;
  /** Refuse statements that change the database. */
  readOnly?: boolean;
}

/** Options of a batch. */
export interface BatchOptions extends QueryOptions {
  /** Run all statements in one transaction; true by default. */
  atomic?: boolean;
}

interface Stored extends DatabaseUrl {
  token: string;
}

/** A connection to one database. It may be used by several callers at once. */
export class AybClient {
  readonly storageKey: string;
  protected readonly storage: TokenStorage;
  protected connection: Stored | null = null;
  readonly #fetch: typeof fetch;
  readonly #timeout: number | undefined;

  constructor(options: ClientOptions) {
    if (!options.appId) {
      throw new TypeError("appId is required");
    }
    this.storageKey = options.storageKey ?? `ayb_${options.appId}`;
    this.storage = storageOf(options.storage);
    this.#fetch = options.fetch ?? ((...args) => fetch(...args));
    this.#timeout = options.timeout;
    if (options.url && options.token) {
      this.connection = { ...AybClient.parseDatabaseUrl(options.url), token: options.token };
    }
  }

  /** Loads the connection that saveConfig stored, and reports whether there was one. */
  loadConfig(): boolean {
    try {
      const stored = JSON.parse(this.storage.getItem(this.storageKey) ?? "null") as Partial<Stored> | null;
      if (stored?.baseUrl && stored.entity && stored.database && stored.token) {
        this.restored(stored as Stored);
        return true;
      }
    } catch {
      // What another program stored under the key is no connection.
    }
    return false;
  }

  protected restored(stored: Stored): void {
    this.connection = stored;
  }

  /** Connects to a database, and stores the connection. */
  saveConfig(url: string, token: string): void {
    this.connection = { ...AybClient.parseDatabaseUrl(url), token };
    this.store(this.connection);
  }

  protected store(connection: Stored & { queryPermissionLevel?: string }): void {
    this.storage.setItem(this.storageKey, JSON.stringify(connection));
  }

  /** Forgets the connection. With `revoke` the server ends the token first. */
  async disconnect(options: { revoke?: boolean } = {}): Promise<void> {
    const connection = this.connection;
    this.connection = null;
    this.storage.removeItem(this.storageKey);
    if (options.revoke && connection) {
      const body = new URLSearchParams({ token: connection.token });
      await this.send(`${connection.baseUrl}/v1/oauth/revoke`, { method: "POST", body }, {});
    }
  }

  isConnected(): boolean {
    return this.connection !== null;
  }

  getConnectionInfo(): ConnectionInfo | null {
    if (!this.connection) {
      return null;
    }
    const { baseUrl, entity, database } = this.connection;
    return { baseUrl, entity, database, databaseUrl: `${baseUrl}/v1/${entity}/${database}` };
  }

  /** Runs SQL; every value of the answer is a text or null. */
  async query(sql: string, options: QueryOptions | number = {}): Promise<TextResult> {
    const settings = typeof options === "number" ? { maxRetries: options } : options;
    const answer = await this.#ask(sql, "text/plain", "*/*", settings, "Query failed: ");
    return (await answer.json()) as TextResult;
  }

  /** Runs SQL and returns rows as objects of texts. Of columns with one name, the last counts. */
  async queryObjects(sql: string, options: QueryOptions | number = {}): Promise<Record<string, string | null>[]> {
    const { fields, rows } = await this.query(sql, options);
    return rows.map((row) => Object.fromEntries(fields.map((name, i) => [name, row[i] ?? null])));
  }

  /** Runs one statement with parameters, or a script without, and returns its last result. */
  async run(sql: string, params?: Params, options: QueryOptions = {}): Promise<Result> {
    const results = await this.#typed({ sql, ...(params === undefined ? {} : { params: encodeParams(params) }) }, options);
    const last = results.at(-1);
    return last ?? { columns: [], rows: [], rowsAffected: 0, lastInsertRowid: null, truncated: false };
  }

  /** Runs one statement and returns its rows as objects. */
  async all<T = Record<string, Value>>(sql: string, params?: Params, options: QueryOptions = {}): Promise<T[]> {
    return objectsOf(await this.run(sql, params, options)) as T[];
  }

  /** Runs several statements, in one transaction unless `atomic` is false. */
  async batch(statements: readonly Statement[], options: BatchOptions = {}): Promise<Result[]> {
    return this.#typed({ statements: statements.map(encodeStatement), ...(options.atomic === false ? { atomic: false } : {}) }, options);
  }

  /** Runs one statement and returns its rows while they arrive. */
  async stream(sql: string, params?: Params, options: QueryOptions = {}): Promise<RowStream> {
    const body = { sql, ...(params === undefined ? {} : { params: encodeParams(params) }), ...limits(options) };
    const answer = await this.#ask(JSON.stringify(body), "application/json", "application/x-ndjson", options);
    if (!answer.body) {
      throw new AybError("The answer has no body");
    }
    return RowStream.open(answer.body);
  }

  async #typed(request: object, options: QueryOptions): Promise<Result[]> {
    const body = JSON.stringify({ ...request, ...limits(options) });
    const answer = await this.#ask(body, "application/json", "application/json", options);
    return decodeResults(await answer.text());
  }

  async #ask(body: string, contentType: string, accept: string, options: QueryOptions, prefix = ""): Promise<Response> {
    if (!this.connection) {
      throw new AybError("Not connected: call saveConfig or loadConfig first");
    }
    const { baseUrl, entity, database, token } = this.connection;
    const url = `${baseUrl}/v1/${entity}/${database}/query${options.readOnly ? "?mode=read-only" : ""}`;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": contentType, Accept: accept };
    return this.send(url, { method: "POST", headers, body }, options, prefix);
  }

  /** Sends a request, again after a failure to reach the server. An answer that is no success is thrown. */
  protected async send(url: string, init: RequestInit, options: QueryOptions, prefix = ""): Promise<Response> {
    const timeout = options.timeout ?? this.#timeout;
    const signals = [...(options.signal ? [options.signal] : []), ...(timeout === undefined ? [] : [AbortSignal.timeout(timeout)])];
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    for (let attempt = 0; ; attempt++) {
      let answer: Response;
      try {
        answer = await this.#fetch(url, signal ? { ...init, signal } : init);
      } catch (cause) {
        if (signal?.aborted || attempt >= (options.maxRetries ?? 0)) {
          throw failureOf(cause, signal);
        }
        await delay(2000 * 2 ** attempt, signal);
        continue;
      }
      if (answer.ok) {
        return answer;
      }
      const text = await answer.text();
      const error = errorOf(answer.status, text, answer.headers.get("Retry-After"));
      throw prefix === "" ? error : errorOf(answer.status, text, answer.headers.get("Retry-After"), prefix);
    }
  }

  /** Doubles single quotes, for SQL that is put together as text. Parameters are better. */
  static escapeSQL(value: unknown): string {
    return value === null || value === undefined ? "" : String(value).replaceAll("'", "''");
  }

  /** Reads `https://server/v1/entity/database`, possibly with a path before `v1`. */
  static parseDatabaseUrl(url: string): DatabaseUrl {
    const { origin, pathname } = new URL(url);
    const parts = pathname.split("/").filter((part) => part !== "");
    const version = parts.findIndex((part, i) => part === "v1" && parts.length > i + 2);
    const [entity, database] = parts.slice(version + 1);
    if (!entity || !database || entity === "v1") {
      throw new TypeError("The address of a database looks like https://server/v1/entity/database");
    }
    const prefix = parts.slice(0, Math.max(version, 0));
    return { baseUrl: [origin, ...prefix].join("/"), entity, database };
  }
}

function limits(options: QueryOptions): object {
  return {
    ...(options.maxRows === undefined ? {} : { max_rows: options.maxRows }),
  };
}

/** Waits, unless the signal ends it. */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
