// The plan of a query as a tree.
import { element } from "./results/dom";

// Step is a row of EXPLAIN QUERY PLAN.
interface Step {
  id: number;
  parent: number;
  detail: string;
}

// showPlan draws the rows of EXPLAIN QUERY PLAN as nested lists.
export function showPlan(target: HTMLElement, rows: unknown[][], close: () => void): void {
  const steps = rows.map((r) => ({ id: Number(r[0]), parent: Number(r[1]), detail: String(r[3]) }));
  const title = element("h3", "", "Query plan");
  title.id = "plan-title";
  const end = element("button", "btn btn-small btn-quiet", "Close");
  end.type = "button";
  end.addEventListener("click", close);
  const list = branch(steps, 0);
  const hint = element("p", "hint", "SQLite does the steps from top to bottom. SCAN reads all rows; SEARCH finds rows by a key or an index.");
  target.replaceChildren(element("div", "spread", title, end), list ?? element("p", "", "SQLite needs no steps for this statement."), hint);
  target.setAttribute("role", "region");
  target.setAttribute("aria-labelledby", title.id);
}

function branch(steps: Step[], parent: number): HTMLUListElement | null {
  const own = steps.filter((s) => s.parent === parent);
  if (own.length === 0) {
    return null;
  }
  const list = element("ul", parent === 0 ? "plan-tree" : "");
  for (const step of own) {
    const item = element("li", "", line(step.detail));
    const below = branch(steps, step.id);
    if (below) {
      item.append(below);
    }
    list.append(item);
  }
  return list;
}

// line marks the word with which a step begins, and steps that read all rows.
function line(detail: string): HTMLElement {
  const [word = "", ...rest] = detail.split(" ");
  const reads = word === "SCAN" && !detail.includes("CONSTANT ROW");
  const kind = reads ? "plan-scan" : word === "SEARCH" ? "plan-search" : "plan-step";
  return element("div", "plan-line", element("span", `badge ${kind}`, word), ` ${rest.join(" ")}`);
}
