// How many databases are remembered.
const most = 6;

// A path of a database, /entity/database.
const path = /^\/[a-z0-9_.-]+\/[A-Za-z0-9_.-]+$/;

// recentDatabases remembers in this browser which databases the user opened, and lists
// them on the start page. The list of each account is kept apart.
export function recentDatabases(): void {
  const viewer = document.querySelector(".menu-toggle")?.textContent;
  if (!viewer) {
    return;
  }
  const key = `ayb_recent:${viewer}`;
  const opened = document.querySelector<HTMLElement>("[data-opened]")?.dataset["opened"] ?? ""; // the pages of a database have it
  if (path.test(opened)) {
    const others = read(key).filter((one) => one !== opened);
    localStorage.setItem(key, JSON.stringify([opened, ...others].slice(0, most)));
  }
  const section = document.getElementById("recent");
  const list = section?.querySelector("ul");
  if (!section || !list) {
    return;
  }
  for (const one of read(key)) {
    const link = document.createElement("a");
    link.href = one;
    link.textContent = one.slice(1);
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  section.hidden = list.childElementCount === 0;
}

// read returns the paths that are remembered. Another program may have changed them.
function read(key: string): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(list) ? list.filter((one): one is string => typeof one === "string" && path.test(one)).slice(0, most) : [];
  } catch {
    return [];
  }
}
