package tests

import (
	"strings"
	"testing"
)

// readOnly tries to write with read-only rights, in many ways.
func (w *permissionTest) readOnly(t *testing.T) {
	w.forEachCaller(t, "statements", func() {
		const db = "read-only"
		w.owner.Exec(db, "CREATE TABLE IF NOT EXISTS u(a PRIMARY KEY, b); CREATE INDEX IF NOT EXISTS ub ON u(b); INSERT OR IGNORE INTO u VALUES (1, 'read-only')")
		state := "SELECT json_array((SELECT json_group_array(sql) FROM sqlite_schema), (SELECT json_group_array(json_array(a, b)) FROM u), (SELECT count(*) FROM t), (SELECT * FROM pragma_user_version), (SELECT * FROM pragma_application_id))"
		before := w.owner.Cell(db, state)
		for _, sql := range []string{
			"INSERT INTO u VALUES (2, 2)", "/* SELECT */ DELETE FROM u", "-- SELECT\nUPDATE u SET b = 1", "REPLACE INTO u VALUES (1, 2)",
			"WITH s AS (SELECT 5 AS a) INSERT INTO u SELECT a, a FROM s", "INSERT INTO u VALUES (3, 3) RETURNING a",
			"INSERT INTO u VALUES (1, 0) ON CONFLICT DO UPDATE SET b = 'x'",
			"SELECT 1; INSERT INTO u VALUES (4, 4); SELECT 2", "BEGIN; DELETE FROM u; COMMIT", "BEGIN IMMEDIATE; DELETE FROM u; COMMIT", "SAVEPOINT s; DELETE FROM u; RELEASE s",
			"CREATE TABLE v(x)", "CREATE TABLE v AS SELECT 1", "CREATE VIEW v AS SELECT 1", "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; END",
			"CREATE VIRTUAL TABLE v USING fts5(x)", "DROP TABLE u", "DROP INDEX ub", "ALTER TABLE u ADD COLUMN c", "ALTER TABLE u RENAME TO v",
			"PRAGMA user_version = 7", "PRAGMA application_id = 7", "REINDEX", "VACUUM", "ANALYZE",
			"PRAGMA query_only = 0; DELETE FROM u", "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'x'", "PRAGMA journal_mode = DELETE; DELETE FROM u",
		} {
			if got := w.as("reader").query(db, sql); got.status < 400 || got.status >= 500 {
				w.t.Errorf("%s: %d %s", sql, got.status, got.body)
			}
			if after := w.owner.Cell(db, state); after != before {
				w.t.Fatalf("%s changed the database:\n%s\n%s", sql, before, after)
			}
		}
		// Q13: a text about permissions is not a permission error.
		w.want(w.as("reader").query(db, "SELECT b AS one FROM u"), 200, `{"fields":["one"],"rows":[["read-only"]]}`)
		if got := w.as("reader").query(db, "SELECT * FROM \"read-only\""); got.status != 400 || !strings.Contains(got.body, "no such table") {
			w.t.Errorf("%d %s", got.status, got.body)
		}
	})
	w.forEachCaller(t, "S21, a database never written to", func() {
		w.owner.Create("fresh")
		w.want(w.as("olivia").share("fresh", "reader", "read-only"), 204, "")
		w.want(w.as("reader").query("fresh", "SELECT count(*) AS one FROM sqlite_schema WHERE 0"), 200, `{"fields":["one"],"rows":[["0"]]}`)
		w.want(w.as("reader").query("fresh", "CREATE TABLE t(x)"), 403, noWrite)
	})
}
