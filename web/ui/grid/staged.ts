// Texts are values as they are typed in, by column; null is NULL.
export type Texts = Record<string, string | null>;

// Change is a staged change of one row, as the server takes it. The key is empty for a
// new row.
export interface Change {
  key: string;
  old: Record<string, unknown>;
  texts: Texts;
  delete: boolean;
}

interface Answer {
  script?: string;
  changed?: number;
  problem?: string;
  statement: number;
}

// Row is a row before its changes.
export interface Row {
  old: Record<string, unknown>;
  texts: Texts;
}

// Staged are the changes that are not saved. Deletions come first, so that rows that go
// make room for those that come.
export class Staged {
  readonly changes = new Map<HTMLTableRowElement, Change>();

  constructor(private readonly address: string) {}

  // rows returns the changed rows in the order in which they are sent.
  rows(): HTMLTableRowElement[] {
    const rank = (c: Change) => (c.delete ? 0 : c.key ? 1 : 2);
    return [...this.changes].sort(([, a], [, b]) => rank(a) - rank(b)).map(([row]) => row);
  }

  // read returns the values of a row as they are in the database now.
  async read(key: string): Promise<Row> {
    const address = new URL(this.address, location.href);
    address.searchParams.set("key", key);
    const answer = await fetch(address);
    const body = (await answer.json()) as Row & Answer;
    if (!answer.ok) {
      throw new Error(body.problem ?? "The row could not be read. Load the page again.");
    }
    return body;
  }

  // send shows the SQL of the changes, or makes all of them.
  async send(action: "preview" | "apply"): Promise<Answer> {
    const changes = this.rows().map((row) => this.changes.get(row));
    const answer = await fetch(this.address, { method: "POST", body: new URLSearchParams({ action, changes: JSON.stringify(changes) }) });
    return (await answer.json()) as Answer;
  }
}
