// The HTTP API with the log-in of the browser.

// Failure is an answer that is not a success. Its message is for the user.
export class Failure extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const [, entity = "", database = ""] = location.pathname.split("/");

// base is the path of the pages of this database, and api that of its API.
export const base = `/${entity}/${database}`;
export const api = `/session/v1${base}`;

// call sends a request and returns the decoded answer; undefined for an empty one.
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw new Failure("The server did not answer. Check the connection, then try again.", 0);
  }
  return decode<T>(answer.status, await answer.text());
}

// decode returns the value of an answer, or throws its failure.
export function decode<T>(status: number, text: string): T {
  let value: unknown;
  try {
    value = text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new Failure(`The server gave an unexpected answer with the status ${status}. Try again later.`, status);
  }
  if (status < 200 || status > 299) {
    throw new Failure(messageOf(status, value), status);
  }
  return value as T;
}

// messageOf returns the sentence of a failure. Two kinds of failures have none.
function messageOf(status: number, value: unknown): string {
  const body = (value ?? {}) as { type?: string; message?: string; id?: string; record_type?: string };
  if (status === 401) {
    return "You are no longer logged in. Log in again in another tab, then try again.";
  }
  if (body.message) {
    return body.message;
  }
  if (body.type === "RecordNotFound") {
    return `There is no ${body.record_type ?? "record"} ${body.id ?? ""}.`;
  }
  return `There is no such thing any more (status ${status}). Load the page again.`;
}
