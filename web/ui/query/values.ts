// A value as typed answers of the API write it.
export type Value = null | number | string | { integer: string } | { real: string } | { base64: string };

// isNumber reports whether a value is an INTEGER or a REAL.
export function isNumber(v: Value): boolean {
  return typeof v === "number" || (typeof v === "object" && v !== null && !("base64" in v));
}

// textOf returns a value as the compatible answers of the API do; null is NULL.
export function textOf(v: Value): string | null {
  if (v === null || typeof v === "string") {
    return v;
  }
  if (typeof v === "number") {
    return plainNumber(v);
  }
  if ("integer" in v) {
    return v.integer;
  }
  if ("real" in v) {
    return v.real.replace("Infinity", "inf");
  }
  return blobText(v.base64);
}

// numberOf returns a value as a number; NaN for one that is none.
export function numberOf(v: Value): number {
  if (typeof v === "number") {
    return v;
  }
  if (typeof v === "string") {
    return v.trim() === "" ? Number.NaN : Number(v);
  }
  if (v !== null && "integer" in v) {
    return Number(v.integer);
  }
  return Number.NaN;
}

// plainNumber writes a number without an exponent.
function plainNumber(n: number): string {
  if (Object.is(n, -0)) {
    return "-0";
  }
  const text = String(n);
  const found = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!found) {
    return text;
  }
  const [, sign = "", first = "", fraction = "", power = "0"] = found;
  const digits = first + fraction;
  const point = 1 + Number(power);
  if (point <= 0) {
    return `${sign}0.${"0".repeat(-point)}${digits}`;
  }
  return sign + digits.padEnd(point, "0");
}

// bytesOf decodes base64.
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

// hexOf writes bytes as a literal of SQL.
export function hexOf(bytes: Uint8Array, rest = ""): string {
  return `X'${Array.from(bytes, (b) => b.toString(16).padStart(2, "0").toUpperCase()).join("")}${rest}'`;
}

// blobText is a BLOB as text if it is UTF-8, and else as a literal.
function blobText(base64: string): string {
  const bytes = bytesOf(base64);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return hexOf(bytes);
  }
}
