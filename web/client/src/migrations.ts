import { AybClient } from "./client.js";
import { AybError } from "./errors.js";

/**
 * Brings the tables of an application up to date. Each text of `statements` is one
 * version and runs once; versions that are pending run in one transaction, so that a
 * failure changes nothing. Returns the number of versions that ran.
 */
export async function runMigrations(client: AybClient, appId: string, statements: readonly string[]): Promise<number> {
  const applied = await version(client, appId);
  if (applied > statements.length) {
    throw new AybError(`The database has version ${applied} of ${appId}, and this program knows ${statements.length}: update the program`);
  }
  if (applied === statements.length) {
    return 0;
  }
  try {
    await client.run(script(appId, statements, applied));
  } catch (error) {
    // Another window may have run them in the meantime.
    if (error instanceof AybError && (await version(client, appId)) === statements.length) {
      return 0;
    }
    throw error;
  }
  return statements.length - applied;
}

const CREATE = "CREATE TABLE IF NOT EXISTS _ayb_migrations (app_id TEXT, version INTEGER, applied_at TEXT DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (app_id, version))";

/** Returns the version of the database; 0 for a new one. */
async function version(client: AybClient, appId: string): Promise<number> {
  const there = await client.run("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_ayb_migrations'");
  if (there.rows.length === 0) {
    return 0;
  }
  const result = await client.run("SELECT MAX(version) FROM _ayb_migrations WHERE app_id = ?", [appId]);
  return Number(result.rows[0]?.[0] ?? 0);
}

/** Returns the pending versions as one text, which is one transaction. */
function script(appId: string, statements: readonly string[], applied: number): string {
  const app = AybClient.escapeSQL(appId);
  const parts = [CREATE];
  statements.slice(applied).forEach((text, i) => {
    // The record comes first: its key ends the text when the version ran already.
    parts.push(`INSERT INTO _ayb_migrations(app_id, version) VALUES ('${app}', ${applied + i + 1})`, text);
  });
  return parts.map((part) => `${part.trim().replace(/;$/, "")}\n;`).join("\n");
}
