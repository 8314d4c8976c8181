// The client against a real server: AYB_URL is the address of an empty database, and
// AYB_TOKEN a token for it. tests/jsclient_test.go starts both.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { AybClient, AybError, runMigrations } from "../dist/index.js";

const url = process.env.AYB_URL;
const token = process.env.AYB_TOKEN;
const connect = (options = {}) => new AybClient({ appId: "test", url, token, ...options });

test("J1: the ES module and the CommonJS module have the same exports", () => {
  const common = createRequire(import.meta.url)("../dist/index.cjs");
  assert.equal(typeof common.AybClient, "function");
  for (const name of ["AybClient", "AybOAuth", "restoreOAuth", "createServerSelectionModal", "runMigrations", "AybError"]) {
    assert.equal(typeof common[name], "function", name);
  }
});

test("texts: fields and rows, objects, NULL", async () => {
  const client = connect();
  assert.deepEqual(await client.query("SELECT 1 AS a, NULL AS b, 'x' AS c"), { fields: ["a", "b", "c"], rows: [["1", null, "x"]] });
  assert.deepEqual(await client.queryObjects("SELECT 1 AS a, 2 AS a, NULL AS b"), [{ a: "2", b: null }]);
  await assert.rejects(client.query("SELECT nonsense"), (error) => error instanceof AybError && error.status === 400 && error.message.startsWith("Query failed: ") && error.message.includes("no such column"));
});

test("J5: parameters and typed values, exact in both directions", async () => {
  const client = connect();
  const values = [null, 0, -5, 1.5, 2n ** 53n + 1n, -(2n ** 63n), Infinity, -Infinity, "", "ä😀'", new Uint8Array([0, 255]), new Uint8Array(0)];
  const { rows, columns } = await client.run(`SELECT ${values.map(() => "?").join(", ")}`, values);
  assert.deepEqual(rows[0], values);
  assert.equal(columns.length, values.length);
  assert.deepEqual(await client.all("SELECT :a AS a, $b AS b", { a: true, $b: new Uint8Array([1]).buffer }), [{ a: 1, b: new Uint8Array([1]) }]);
  await assert.rejects(client.run("SELECT ?", [NaN]), TypeError);
  await assert.rejects(client.run("SELECT ?", [undefined]), TypeError);
  await assert.rejects(client.run("SELECT ?", []), (error) => error.status === 400);
});

test("J5: an error has its status, statement, offset and code", async () => {
  const client = connect();
  await assert.rejects(client.batch([{ sql: "SELECT 1" }, { sql: "SELECT nope" }]), (error) =>
    error instanceof AybError && error.status === 400 && error.statement === 1 && error.offset === 7 && error.sqliteCode === 1 && !error.temporary);
  await assert.rejects(connect({ token: "wrong" }).run("SELECT 1"), (error) => error.status === 401);
  await assert.rejects(connect({ url: "http://127.0.0.1:1/v1/a/b" }).run("SELECT 1"), (error) => error instanceof AybError && error.status === 0 && error.temporary);
});

test("batches are one transaction, and can expect rows", async () => {
  const client = connect();
  await client.run("CREATE TABLE batch(a INTEGER PRIMARY KEY, b)");
  const results = await client.batch([
    { sql: "INSERT INTO batch VALUES (?, ?), (2, 'two')", params: [1, "one"], expectRowsAffected: 2 },
    { sql: "SELECT b FROM batch ORDER BY a" },
  ]);
  assert.equal(results[0].rowsAffected, 2);
  assert.deepEqual(results[1].rows, [["one"], ["two"]]);
  await assert.rejects(client.batch([{ sql: "DELETE FROM batch" }, { sql: "UPDATE batch SET b = 1", expectRowsAffected: 1 }]), (error) => error.status === 409);
  assert.equal((await client.run("SELECT count(*) FROM batch")).rows[0][0], 2);
});

test("options: maxRows, readOnly", async () => {
  const client = connect();
  const cut = await client.run("WITH n(i) AS (VALUES (1), (2), (3)) SELECT i FROM n", undefined, { maxRows: 2 });
  assert.deepEqual([cut.rows.length, cut.truncated], [2, true]);
  await assert.rejects(client.run("CREATE TABLE no(a)", undefined, { readOnly: true }), AybError);
});

test("streams: every row, and leaving early ends the statement", async () => {
  const client = connect();
  const many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 'row ' || i AS text FROM n";
  const rows = await client.stream(many);
  assert.deepEqual(rows.columns.map((c) => c.name), ["i", "text"]);
  let sum = 0;
  for await (const row of rows) {
    sum += row[0];
  }
  assert.equal(sum, 20000 * 20001 / 2);
  const endless = await client.stream("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
  for await (const row of endless) {
    if (row[0] === 1000) {
      break;
    }
  }
  await assert.rejects(async () => {
    for await (const row of await client.stream("SELECT abs(column1) FROM (VALUES (1), (-9223372036854775808))")) {
      assert.ok(row);
    }
  }, AybError);
});

test("J5: a signal and a timeout end a call", async () => {
  const client = connect();
  const slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  const controller = new AbortController();
  const running = client.run(slow, undefined, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(running, /enough/);
  await assert.rejects(client.run(slow, undefined, { timeout: 200 }), { name: "TimeoutError" });
});

test("J4: addresses, with the path before v1", () => {
  for (const [address, baseUrl] of [
    ["https://a.example/v1/E/D.sqlite", "https://a.example"], ["https://a.example/v1/E/D.sqlite/query", "https://a.example"],
    ["http://127.0.0.1:5433/E/D.sqlite", "http://127.0.0.1:5433"], ["https://a.example/db/v1/E/D.sqlite", "https://a.example/db"],
  ]) {
    assert.deepEqual(AybClient.parseDatabaseUrl(address), { baseUrl, entity: "E", database: "D.sqlite" });
  }
  for (const bad of ["https://a.example/", "https://a.example/v1/E", "nothing"]) {
    assert.throws(() => AybClient.parseDatabaseUrl(bad), TypeError);
  }
  assert.equal(AybClient.escapeSQL("it's"), "it''s");
  assert.equal(AybClient.escapeSQL(null), "");
});

test("J3: the token is kept where the application decides, and can be revoked", async () => {
  const kept = new Map();
  const storage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
  const client = new AybClient({ appId: "notes", storage });
  assert.equal(client.loadConfig(), false);
  client.saveConfig(url, process.env.AYB_OTHER_TOKEN);
  const { baseUrl, entity, database } = AybClient.parseDatabaseUrl(url);
  assert.deepEqual(JSON.parse(kept.get("ayb_notes")), { baseUrl, entity, database, token: process.env.AYB_OTHER_TOKEN });
  const again = new AybClient({ appId: "notes", storage });
  assert.ok(again.loadConfig() && again.isConnected());
  assert.equal((await again.query("SELECT 1")).rows[0][0], "1");
  await again.disconnect({ revoke: true });
  assert.deepEqual([kept.size, again.isConnected(), again.getConnectionInfo()], [0, false, null]);
  await assert.rejects(client.query("SELECT 1"), (error) => error.status === 401);
  await assert.rejects(again.query("SELECT 1"), /Not connected/);
  kept.set("ayb_notes", "{broken");
  assert.equal(again.loadConfig(), false);
});

test("J2: migrations run once, in one transaction", async () => {
  const client = connect();
  const first = ["CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT); -- the first version", "ALTER TABLE note ADD COLUMN done INTEGER DEFAULT 0"];
  assert.equal(await runMigrations(client, "it's notes", first), 2);
  assert.equal(await runMigrations(client, "it's notes", first), 0);
  const second = [...first, "CREATE TABLE tag(name TEXT); INSERT INTO tag VALUES ('a;b')"];
  await assert.rejects(runMigrations(client, "it's notes", [...second, "CREATE TABLE note(again)"]), /already exists/);
  assert.deepEqual((await client.run("SELECT count(*) FROM sqlite_schema WHERE name = 'tag'")).rows, [[0]]);
  assert.deepEqual(await Promise.all([runMigrations(client, "it's notes", second), runMigrations(connect(), "it's notes", second)]).then((ran) => ran.toSorted()), [0, 1]);
  assert.deepEqual((await client.run("SELECT name FROM tag")).rows, [["a;b"]]);
  await assert.rejects(runMigrations(client, "it's notes", first), /version 3/);
});
