import { statements } from "../sql/split";
import type { Failure } from "./run";

// Place is where an error is in a text: a part of it, or a line if from and to are
// equal.
export interface Place {
  from: number;
  to: number;
  line: number;
  column?: number;
}

// placeOf returns the place of an error; null when it is unknown. The text that was
// sent begins at base in the full text.
export function placeOf(failure: Failure, full: string, sent: string, base: number): Place | null {
  if (failure.offset !== undefined) {
    const at = base + inString(sent, failure.offset);
    const word = /^(?:[\w$\u0080-\uffff]+|"[^"]*"|.)/.exec(full.slice(at))?.[0] ?? "";
    const begin = full.lastIndexOf("\n", at - 1) + 1;
    return { from: at, to: at + word.length, line: lineOf(full, at), column: [...full.slice(begin, at)].length + 1 };
  }
  if (failure.statement !== undefined) {
    const statement = statements(sent)[failure.statement];
    if (statement) {
      const at = base + statement.from;
      return { from: at, to: at, line: lineOf(full, at) };
    }
  }
  return null;
}

// inString returns the position in a string for a position in its UTF-8 bytes.
function inString(text: string, bytes: number): number {
  const encoded = new TextEncoder().encode(text);
  return new TextDecoder().decode(encoded.subarray(0, bytes)).length;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
