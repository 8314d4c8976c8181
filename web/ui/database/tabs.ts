// openTabs shows the panel that the fragment of the address names. Without the script
// the style sheet does so.
export function openTabs(): void {
  const panels = [...document.querySelectorAll<HTMLElement>(".panels > [data-panel]")];
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".tabs a[href*='#']")];
  if (panels.length === 0) {
    return;
  }
  const show = () => {
    const wanted = /^#([a-z]+)/.exec(location.hash)?.[1];
    const current = panels.find((p) => p.dataset["panel"] === wanted) ?? panels.find((p) => wanted && p.querySelector(`[id="${wanted}"]`)) ?? panels[0];
    for (const panel of panels) {
      panel.hidden = panel !== current;
    }
    if (current !== panels[0]) {
      document.getElementById("preview")?.remove(); // other panels have tables of their own
    }
    for (const link of links) {
      if (link.hash === `#${current?.dataset["panel"] ?? ""}`) {
        link.setAttribute("aria-current", "page");
      } else {
        link.removeAttribute("aria-current");
      }
    }
    current?.dispatchEvent(new CustomEvent("panel-shown", { bubbles: true }));
  };
  for (const link of links) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || link.pathname !== location.pathname) {
        return;
      }
      event.preventDefault();
      if (link.hash !== location.hash) {
        history.pushState(null, "", link.hash);
      }
      show();
    });
  }
  addEventListener("hashchange", show);
  addEventListener("popstate", show);
  document.querySelector(".panels")?.classList.add("with-script");
  show();
}
