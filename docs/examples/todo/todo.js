"use strict";
// A list of things to do, kept in a database of the user. The names AybOAuth,
// restoreOAuth and runMigrations come from ayb.min.js.

const app = { appName: "Todo", queryPermissionLevel: "read-write", storage: "session" };
const migrations = [
  "CREATE TABLE todo(id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
  "ALTER TABLE todo ADD COLUMN done INTEGER NOT NULL DEFAULT 0",
];
const byId = (id) => document.getElementById(id);
let client = null;

function say(sentence) {
  byId("message").textContent = sentence;
}

// attempt runs what a click asks for, and shows a failure.
async function attempt(work) {
  try {
    say("");
    await work();
  } catch (error) {
    say(error.message);
  }
}

async function start() {
  byId("connect").elements.server.value = new URLSearchParams(location.search).get("server") ?? "";
  await attempt(async () => {
    client = await restoreOAuth(app);
  });
  byId("connect").hidden = client !== null;
  byId("list").hidden = client === null;
  if (client) {
    await attempt(async () => {
      await runMigrations(client, "todo", migrations);
      const { baseUrl, entity, database } = client.getConnectionInfo();
      Object.assign(byId("database"), { href: `${baseUrl}/${entity}/${database}`, textContent: `${entity}/${database}` });
      await show();
    });
  }
}

async function show() {
  const items = await client.all("SELECT id, text, done FROM todo ORDER BY done, id");
  byId("items").replaceChildren(...items.map(itemOf));
}

function itemOf({ id, text, done }) {
  const item = document.createElement("li");
  item.className = done ? "done" : "";
  const label = document.createElement("span");
  label.textContent = text;
  item.append(
    button(done ? "Open again" : "Done", "UPDATE todo SET done = 1 - done WHERE id = ?", id),
    label,
    button("Delete", "DELETE FROM todo WHERE id = ?", id),
  );
  return item;
}

function button(name, sql, id) {
  const out = document.createElement("button");
  out.type = "button";
  out.textContent = name;
  out.addEventListener("click", () => attempt(async () => {
    await client.run(sql, [id]);
    await show();
  }));
  return out;
}

byId("connect").addEventListener("submit", (event) => {
  event.preventDefault();
  const serverUrl = event.target.elements.server.value;
  attempt(() => new AybOAuth({ ...app, serverUrl }).authorize());
});

byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.text;
  attempt(async () => {
    await client.run("INSERT INTO todo(text) VALUES (?)", [field.value]);
    field.value = "";
    await show();
  });
});

byId("disconnect").addEventListener("click", () => attempt(async () => {
  await client.disconnect({ revoke: true });
  location.assign(location.pathname);
}));

start();
