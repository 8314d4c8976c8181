// A statement of a text, without the blanks and comments before it. The positions are
// those of a string in JavaScript.
export interface Statement {
  from: number;
  to: number;
}

type State = "start" | "normal" | "explain" | "create" | "trigger" | "semicolon" | "end";

const closing: Record<string, string> = { "'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/" };

// statements splits a text as the server does: comments do not nest, and a trigger
// ends at END and a semicolon. Empty statements are left out.
export function statements(text: string): Statement[] {
  const found: Statement[] = [];
  let state: State = "start";
  let begin = -1;
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    const next = at + token.length;
    if (token.kind === "semicolon" && state !== "trigger" && state !== "semicolon") {
      if (begin >= 0) {
        found.push({ from: begin, to: next });
      }
      state = "start";
      begin = -1;
    } else if (token.kind !== "blank") {
      if (begin < 0) {
        begin = at;
      }
      state = token.kind === "semicolon" ? "semicolon" : after(state, text.slice(at, Math.min(next, at + 16)));
    }
    at = next;
  }
  if (begin >= 0) {
    found.push({ from: begin, to: text.length });
  }
  return found;
}

// statementAt returns the statement at a position, or the last one before it.
export function statementAt(text: string, at: number): Statement | undefined {
  const all = statements(text);
  return all.find((s) => at <= s.to && (at >= s.from || text.slice(at, s.from).trim() === "")) ?? all.filter((s) => s.to <= at).pop() ?? all[0];
}

interface Piece {
  kind: "blank" | "semicolon" | "other";
  length: number;
}

function tokenAt(text: string, at: number): Piece {
  const c = text.charAt(at);
  const two = text.substring(at, at + 2);
  if (two === "--" || two === "/*") {
    return { kind: "blank", length: lengthTo(text, at, closing[two] ?? "") };
  }
  if (closing[c]) {
    return { kind: "other", length: lengthTo(text, at, closing[c]) };
  }
  if (c === ";") {
    return { kind: "semicolon", length: 1 };
  }
  if (/[ \t\r\n\f]/.test(c)) {
    return { kind: "blank", length: 1 };
  }
  word.lastIndex = at;
  return { kind: "other", length: word.exec(text)?.[0].length ?? 1 };
}

const word = /[A-Za-z0-9_$\u0080-\uffff]+/y;

// lengthTo is the length of a literal, a name or a comment.
function lengthTo(text: string, at: number, until: string): number {
  const end = text.indexOf(until, at + (until === "*/" || until === "\n" ? 2 : 1));
  return (end < 0 ? text.length : end + until.length) - at;
}

// after is the state after a token that is no semicolon.
function after(state: State, token: string): State {
  const w = token.toUpperCase();
  switch (state) {
    case "start":
      return w === "EXPLAIN" ? "explain" : w === "CREATE" ? "create" : "normal";
    case "explain":
      return w === "CREATE" ? "create" : ["EXPLAIN", "TEMP", "TEMPORARY", "TRIGGER", "END"].includes(w) ? "normal" : "explain";
    case "create":
      return w === "TEMP" || w === "TEMPORARY" ? "create" : w === "TRIGGER" ? "trigger" : "normal";
    case "semicolon":
      return w === "END" ? "end" : "trigger";
    case "end":
      return "trigger";
    default:
      return state;
  }
}
