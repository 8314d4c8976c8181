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
