/**
 * A value of a database: NULL is null, an INTEGER beyond ±2^53 is a bigint, a BLOB (and
 * a TEXT that is not UTF-8) is a Uint8Array.
 */
export type Value = null | number | bigint | string | Uint8Array;

/** A value that may be a parameter; true and false are 1 and 0. */
export type Parameter = Value | boolean | ArrayBuffer | Date;

type Tagged = { integer?: string; real?: string; base64?: string };

/** Reads a value of the typed API. */
export function decode(v: unknown): Value {
  if (typeof v !== "object" || v === null) {
    return v as Value;
  }
  const tagged = v as Tagged;
  if (tagged.integer !== undefined) {
    return BigInt(tagged.integer);
  }
  if (tagged.real !== undefined) {
    return Number(tagged.real);
  }
  return bytesOf(tagged.base64 ?? "");
}

/** Writes a parameter for the typed API. */
export function encode(v: Parameter): unknown {
  switch (typeof v) {
    case "bigint":
      return { integer: v.toString() };
    case "number":
      return encodeNumber(v);
    case "string":
    case "boolean":
      return v;
    default:
  }
  if (v === null) {
    return null;
  }
  if (v instanceof Date) {
    return v.toISOString();
  }
  if (v instanceof Uint8Array) {
    return { base64: base64Of(v) };
  }
  if (v instanceof ArrayBuffer) {
    return { base64: base64Of(new Uint8Array(v)) };
  }
  throw new TypeError("A parameter must be null, a number, a bigint, a string, a boolean, a Date or bytes");
}

function encodeNumber(n: number): unknown {
  if (Number.isNaN(n)) {
    throw new TypeError("NaN is no value of a database; use null");
  }
  if (!Number.isFinite(n)) {
    return { real: n > 0 ? "Infinity" : "-Infinity" };
  }
  return n;
}

function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    bytes[i] = text.charCodeAt(i);
  }
  return bytes;
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) { // a call takes a limited number of arguments
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}
