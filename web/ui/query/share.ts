// Shared is what a link to a query contains. chart, x and y are empty without a chart.
export interface Shared {
  sql: string;
  chart: string;
  x: string;
  y: string;
}

// readLink returns what the fragment of the address contains; null if it is no link to
// a query.
export function readLink(hash: string): Shared | null {
  const found = /^#query\?(.*)$/s.exec(hash);
  if (!found) {
    return null;
  }
  const fields = new URLSearchParams(found[1]);
  const get = (name: string) => fields.get(name) ?? "";
  return { sql: get("sql"), chart: get("chart"), x: get("x"), y: get("y") };
}

// linkTo returns the address of a query.
export function linkTo(shared: Shared): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(shared)) {
    if (value) {
      fields.set(name, String(value));
    }
  }
  return `${location.origin}${location.pathname.replace(/\/query$/, "")}#query?${fields.toString()}`;
}
