import { call } from "./api";

// maxDatabases is the number of databases whose accounts are suggested.
const maxDatabases = 12;

interface Entity {
  slug: string;
  profile: { display_name: string | null };
  databases: { slug: string }[];
}

// enterAccounts helps to enter the name of an account. It suggests the accounts with
// which the viewer shares databases already, and says who has the name. Other names
// are not listed.
export function enterAccounts(): void {
  const field = document.querySelector<HTMLInputElement>("#share-entity");
  const hint = document.querySelector<HTMLElement>("#share-entity-hint");
  const options = document.querySelector<HTMLDataListElement>("#known-accounts");
  const viewer = document.querySelector<HTMLElement>("[data-sharing]")?.dataset["viewer"];
  if (!field || !hint || !options || !viewer) {
    return;
  }
  field.addEventListener("focus", () => void suggest(viewer, options), { once: true });
  const general = hint.textContent;
  let wait: number | undefined;
  let asked = 0;
  field.addEventListener("input", () => {
    window.clearTimeout(wait);
    asked++;
    const name = field.value.trim().toLowerCase();
    if (name === "") {
      hint.textContent = general;
      return;
    }
    const question = asked;
    wait = window.setTimeout(async () => {
      const text = await describe(name);
      if (question === asked) {
        hint.textContent = text;
      }
    }, 300);
  });
}

// describe says which account has a name.
async function describe(name: string): Promise<string> {
  try {
    const entity = await call<Entity>("GET", `/session/v1/entity/${encodeURIComponent(name)}`);
    const shown = entity.profile.display_name;
    return shown ? `${entity.slug} is ${shown}.` : `There is an account ${entity.slug}.`;
  } catch {
    return `There is no account called ${name} so far.`;
  }
}

// suggest lists the accounts that have access to databases of the viewer.
async function suggest(viewer: string, options: HTMLDataListElement): Promise<void> {
  const names = new Set<string>();
  try {
    const path = `/session/v1/${encodeURIComponent(viewer)}`;
    const me = await call<Entity>("GET", `/session/v1/entity/${encodeURIComponent(viewer)}`);
    for (const database of me.databases.slice(0, maxDatabases)) {
      const grants = await call<{ permissions: { entity_slug: string }[] }>("GET", `${path}/${encodeURIComponent(database.slug)}/permissions`);
      grants.permissions.forEach((grant) => names.add(grant.entity_slug));
    }
  } catch {
    // Suggestions are a help only; sharing works without them.
  }
  options.replaceChildren(
    ...[...names].sort().map((name) => {
      const option = document.createElement("option");
      option.value = name;
      return option;
    }),
  );
}
