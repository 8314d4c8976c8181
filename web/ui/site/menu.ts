// openMenus opens a menu by its link, which leads to a page without the script. The
// menu closes with Escape, a click elsewhere, or when the focus leaves it.
export function openMenus(): void {
  for (const menu of document.querySelectorAll<HTMLElement>("[data-menu]")) {
    const toggle = menu.querySelector<HTMLAnchorElement>(".menu-toggle");
    if (!toggle) {
      continue;
    }
    const set = (open: boolean) => {
      menu.classList.toggle("open", open);
      toggle.setAttribute("aria-expanded", String(open));
    };
    set(false);
    toggle.setAttribute("role", "button");
    toggle.addEventListener("click", (event) => {
      event.preventDefault();
      set(!menu.classList.contains("open"));
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        set(false);
        toggle.focus();
      } else if (event.key === " " && event.target === toggle) { // as buttons do
        event.preventDefault();
        toggle.click();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        set(true);
        move(menu, event.key === "ArrowDown" ? 1 : -1);
      }
    });
    menu.addEventListener("focusout", (event) => {
      if (!(event.relatedTarget instanceof Node && menu.contains(event.relatedTarget))) {
        set(false);
      }
    });
    document.addEventListener("click", (event) => {
      if (event.target instanceof Node && !menu.contains(event.target)) {
        set(false);
      }
    });
  }
}

// move puts the focus on the next or the previous entry of a menu.
function move(menu: HTMLElement, step: number): void {
  const entries = [...menu.querySelectorAll<HTMLAnchorElement>(".menu-items a")];
  const at = entries.findIndex((entry) => entry === document.activeElement);
  entries[at < 0 && step < 0 ? entries.length - 1 : (at + step + entries.length) % entries.length]?.focus();
}
