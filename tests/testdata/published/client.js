"use strict";
// Stands in for the published client @aybdb/client 0.1: it sends what the contract of
// that client says, and expects what it expects. It was written from the contract.

class AybClient {
  constructor({ appId, storageKey, url, token }) {
    this.storageKey = storageKey || "ayb_" + appId;
    this.conn = url && token ? { ...AybClient.parseDatabaseUrl(url), token } : null;
  }

  static parseDatabaseUrl(url) {
    const u = new URL(url);
    const [entity, database] = u.pathname.replace(/^\/v1\//, "/").split("/").filter(Boolean);
    return { baseUrl: u.origin, entity, database };
  }

  static escapeSQL(v) {
    return v == null ? "" : String(v).replace(/'/g, "''");
  }

  saveConfig(url, token) {
    this.conn = { ...AybClient.parseDatabaseUrl(url), token };
    localStorage.setItem(this.storageKey, JSON.stringify(this.conn));
  }

  async query(sql) {
    const { baseUrl, entity, database, token } = this.conn;
    const answer = await fetch(baseUrl + "/v1/" + entity + "/" + database + "/query", {
      method: "POST", headers: { Authorization: "Bearer " + token, "Content-Type": "text/plain" }, body: sql,
    });
    if (!answer.ok) {
      throw new Error("Query failed: " + (await answer.text()));
    }
    return answer.json();
  }
}

const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = (n) => b64(crypto.getRandomValues(new Uint8Array(n)));

async function authorize(server, appName, level) {
  const verifier = random(32);
  const state = random(16);
  sessionStorage.setItem("ayb_pkce_verifier", verifier);
  sessionStorage.setItem("ayb_oauth_state", state);
  sessionStorage.setItem("ayb_oauth_server", server);
  const challenge = b64(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  location.href = server + "/oauth/authorize?" + new URLSearchParams({
    response_type: "code", redirect_uri: location.origin + location.pathname, scope: level, state,
    code_challenge: challenge, code_challenge_method: "S256", app_name: appName,
  });
}

async function handleCallback(client) {
  const query = new URLSearchParams(location.search);
  if (query.get("error")) {
    throw new Error("Authorization failed: " + query.get("error"));
  }
  if (!query.get("code") || query.get("state") !== sessionStorage.getItem("ayb_oauth_state")) {
    return false;
  }
  const answer = await fetch(sessionStorage.getItem("ayb_oauth_server") + "/v1/oauth/token", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      grant_type: "authorization_code", code: query.get("code"), redirect_uri: location.origin + location.pathname,
      code_verifier: sessionStorage.getItem("ayb_pkce_verifier"),
    }),
  });
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(body.error_description);
  }
  client.level = body.query_permission_level;
  client.saveConfig(body.database_url, body.access_token);
  return true;
}

async function runMigrations(client, appId, statements) {
  await client.query("CREATE TABLE IF NOT EXISTS _ayb_migrations (app_id TEXT, version INTEGER, applied_at TEXT DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (app_id, version))");
  const { rows } = await client.query("SELECT MAX(version) FROM _ayb_migrations WHERE app_id = '" + AybClient.escapeSQL(appId) + "'");
  for (let v = Number(rows[0][0] || 0); v < statements.length; v++) {
    try {
      await client.query(statements[v]);
    } catch (e) {
      if (!/duplicate column|already exists/i.test(e.message)) {
        throw e;
      }
    }
    await client.query("INSERT OR REPLACE INTO _ayb_migrations (app_id, version) VALUES ('" + AybClient.escapeSQL(appId) + "', " + (v + 1) + ")");
  }
}
