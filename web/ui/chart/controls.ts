import type { Result } from "../query/run";
import { element } from "../results/dom";
import { isNumeric, kinds, type Kind, type Spec } from "./data";

// controlsOf makes the fields that choose a chart. changed is called with each choice.
export function controlsOf(result: Result, spec: Spec, changed: (spec: Spec) => void): HTMLElement {
  const chosen = { ...spec };
  const numeric = result.columns.filter((_, i) => isNumeric(result, i));
  const y = select("Y axis", "chart-y", numeric.length > 0 ? numeric : result.columns, chosen.y, (name) => set({ y: name }));
  const x = select("X axis", "chart-x", result.columns, chosen.x, (name) => set({ x: name }));
  const kind = select("Chart", "chart-kind", kinds, chosen.kind, (name) => set({ kind: name as Kind }));
  const set = (part: Partial<Spec>) => {
    Object.assign(chosen, part);
    if (part.kind === "histogram" && !numeric.includes(chosen.x) && numeric.length > 0) {
      chosen.x = chosen.y; // the values of texts have no ranges
      const list = x.querySelector("select");
      if (list) {
        list.value = chosen.x;
      }
    }
    y.hidden = chosen.kind === "histogram";
    changed({ ...chosen });
  };
  y.hidden = chosen.kind === "histogram";
  return element("div", "toolbar chart-controls", kind, x, y);
}

function select(label: string, id: string, names: readonly string[], value: string, changed: (name: string) => void): HTMLElement {
  const list = element("select");
  list.id = id;
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) === i) {
      list.append(new Option(name, name, false, name === value));
    }
  }
  list.addEventListener("change", () => changed(list.value));
  const text = element("label", "", label);
  text.htmlFor = id;
  return element("div", "chart-field", text, list);
}
