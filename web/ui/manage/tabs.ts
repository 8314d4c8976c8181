// showCurrentTab scrolls the list of tabs, on a narrow screen, to the current one.
export function showCurrentTab(): void {
  const tab = document.querySelector<HTMLElement>(".tabs [aria-current]");
  const list = tab?.closest<HTMLElement>(".tabs");
  if (tab && list) {
    list.scrollLeft = tab.offsetLeft - list.offsetLeft - (list.clientWidth - tab.clientWidth) / 2;
  }
}
