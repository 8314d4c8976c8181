//go:build cgo && (linux || darwin)

package sqlite

import (
	"os"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// A read-only caller may run statements that change no data.
func TestReadOnlyCallersMayChangeNothing(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1), (2); CREATE INDEX i ON t(a); CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(x);
		CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END`)
	for _, c := range []struct{ sql, want string }{
		{`CREATE TABLE IF NOT EXISTS t(a)`, ""},
		{`CREATE TABLE IF NOT EXISTS main.t AS SELECT 1`, ""},
		{`CREATE INDEX IF NOT EXISTS i ON t(a)`, ""},
		{`CREATE VIEW IF NOT EXISTS v AS SELECT 2`, ""},
		{`CREATE TRIGGER IF NOT EXISTS g AFTER INSERT ON t BEGIN SELECT 1; END`, ""},
		{`CREATE VIRTUAL TABLE IF NOT EXISTS f USING fts5(x)`, ""},
		{`DROP TABLE IF EXISTS none_such`, ""},
		{`DROP INDEX IF EXISTS none_such`, ""},
		{`DROP VIEW IF EXISTS none_such`, ""},
		{`DROP TRIGGER IF EXISTS none_such`, ""},
		{`CREATE TABLE IF NOT EXISTS t(a); SELECT sum(a) FROM t`, "3"},
		{`BEGIN; CREATE TABLE IF NOT EXISTS t(a); SELECT sum(a) FROM t; COMMIT`, "3"},
		{`CREATE TEMP TABLE x(a); INSERT INTO x SELECT a * 2 FROM t RETURNING a; CREATE INDEX temp.xi ON x(a); UPDATE x SET a = a + 1; DELETE FROM x WHERE a > 4; ALTER TABLE x RENAME TO y; SELECT a FROM y`, "3"},
		{`BEGIN; CREATE TEMP TABLE x AS SELECT * FROM t; SELECT sum(a) FROM x; COMMIT`, "3"},
		{`CREATE TEMP VIEW x AS SELECT a + 1 AS b FROM t; SELECT sum(b) FROM x`, "5"},
		{`CREATE TEMP TABLE x(a); CREATE TEMP TRIGGER y AFTER INSERT ON x WHEN new.a < 3 BEGIN INSERT INTO x VALUES (new.a + 10); END; INSERT INTO x VALUES (1); SELECT sum(a) FROM x`, "12"},
		{`CREATE VIRTUAL TABLE temp.x USING fts5(a); INSERT INTO x VALUES ('a word'); SELECT count(*) FROM x WHERE x MATCH 'word'`, "1"},
		{`CREATE TEMP TABLE t(a); INSERT INTO t VALUES (9); SELECT a FROM t`, "9"},
	} {
		for range 2 {
			if got := db.Must(ro, c.sql); got != c.want {
				t.Errorf("%s: %s, want %s", c.sql, got, c.want)
			}
		}
		if got := db.Must(ro, `SELECT (SELECT count(*) FROM temp.sqlite_schema), (SELECT sum(a) FROM t), (SELECT * FROM pragma_query_only)`); got != "0|3|1" {
			t.Errorf("%s left %s", c.sql, got)
		}
	}
	for _, sql := range []string{
		`CREATE TABLE IF NOT EXISTS none_such(a)`, `DROP TABLE IF EXISTS t`, `INSERT INTO t SELECT 1 WHERE 0`, `DELETE FROM t WHERE 0`, `UPDATE t SET a = 1 WHERE 0`,
		`CREATE TEMP TABLE x(a); INSERT INTO t VALUES (9)`, `CREATE TEMP TABLE t(a); INSERT INTO main.t VALUES (9)`, `CREATE TEMP TABLE x(a); CREATE TABLE y(a)`,
		`CREATE TEMP TABLE x(a); CREATE TEMP TRIGGER y AFTER INSERT ON x BEGIN DELETE FROM t; END; INSERT INTO x VALUES (1)`,
		`CREATE TEMP TABLE x(a); DROP TABLE t`, `CREATE TEMP TABLE x(a); VACUUM`, `CREATE TEMP TABLE x(a); PRAGMA user_version = 1`, `CREATE TEMP TABLE x(a); PRAGMA optimize`,
		`CREATE TEMP TABLE x(a); REINDEX`, `CREATE TEMP TABLE x(a); ANALYZE`, `CREATE TEMP TABLE x(a); BEGIN; DELETE FROM t; COMMIT`,
		`CREATE TEMP TABLE x(a); SELECT 1; WITH n AS (SELECT 1) INSERT INTO t SELECT * FROM n RETURNING a`,
		`CREATE TEMP TABLE x(a); ALTER TABLE t RENAME TO u`, `CREATE TEMP TABLE x(a); INSERT INTO f VALUES ('x')`,
	} {
		if m := db.Fails(ro, sql, errs.ReadOnly); m != "Attempted to write to database while in read-only mode" {
			t.Errorf("%s: %s", sql, m)
		}
		if got := db.Must(ro, `SELECT (SELECT count(*) FROM sqlite_schema WHERE name IN ('x', 'y', 'u')), (SELECT sum(a) FROM t), user_version FROM pragma_user_version`); got != "0|3|0" {
			t.Errorf("%s left %s", sql, got)
		}
	}
	if m := db.Fails(ro, `CREATE TEMP TABLE x(a); VACUUM INTO 'x'`, errs.SQL); !strings.Contains(m, "VACUUM INTO is not available") {
		t.Error(m)
	}
}

// The statements of migrations by the published JavaScript client, each by
// itself.
func TestMigrationsOfReadOnlyCallers(t *testing.T) {
	const (
		table = `CREATE TABLE IF NOT EXISTS _ayb_migrations (app_id TEXT NOT NULL, version INTEGER NOT NULL, applied_at TEXT DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (app_id, version))`
		last  = `SELECT MAX(version) FROM _ayb_migrations WHERE app_id = 'todo'`
	)
	db := open(t)
	db.Fails(ro, table, errs.ReadOnly) // there is no database yet, and it may not make one
	db.Must(ro, `DROP TABLE IF EXISTS _ayb_migrations`)
	db.Must(ro, `CREATE TEMP TABLE x(a); INSERT INTO x VALUES (1)`)
	db.Fails(ro, `CREATE TEMP TABLE x(a); INSERT INTO x VALUES (1); CREATE TABLE y(a)`, errs.ReadOnly)
	if _, err := os.Stat(db.Path); err == nil {
		t.Error("a reader has made the database")
	}
	db.Must(rw, table)
	db.Must(rw, `CREATE TABLE todo(a)`)
	db.Must(rw, `INSERT OR REPLACE INTO _ayb_migrations (app_id, version) VALUES ('todo', 1)`)
	for range 2 {
		db.Must(ro, table)
		if got := db.Must(ro, last); got != "1" {
			t.Errorf("the version is %s", got)
		}
	}
	if m := db.Fails(ro, `ALTER TABLE todo ADD COLUMN a`, errs.SQL); m != "duplicate column name: a" {
		t.Error(m)
	}
	db.Fails(ro, `INSERT OR REPLACE INTO _ayb_migrations (app_id, version) VALUES ('todo', 2)`, errs.ReadOnly)
	doc, err := db.Ask(ro, daemonapi.FormatJSON, `{"statements":[{"sql":"CREATE TABLE IF NOT EXISTS todo(a)"},{"sql":"SELECT count(*) FROM todo"}]}`)
	if err != nil || enginetest.ReadDocument(t, doc).Results[1].Text() != "0" {
		t.Errorf("%s, %v", doc, err)
	}
}

// TEMP tables of read-only callers are limited in size, and gone after the
// request.
func TestReadersTempIsBounded(t *testing.T) {
	for _, size := range []int64{0, 1 << 30} {
		db := open(t, func(o *engine.Options) { o.Readers, o.DatabaseBytes = 1, size })
		db.Must(rw, `CREATE TABLE t(a)`)
		m := db.Fails(ro, `CREATE TEMP TABLE x AS SELECT randomblob(10000) AS a FROM `+enginetest.Count(10000)+`; SELECT count(*) FROM x`, errs.Full)
		if !strings.Contains(m, "may have at most 16 MiB") {
			t.Error(m)
		}
		db.Fails(ro, `CREATE TEMP TABLE x(a); CREATE TEMP TABLE y(a); INSERT INTO x SELECT randomblob(10000) FROM `+enginetest.Count(1000)+`; INSERT INTO y SELECT randomblob(10000) FROM `+enginetest.Count(1000)+`; SELECT 1`, errs.Full)
		if got := db.Must(ro, `CREATE TEMP TABLE x AS SELECT randomblob(10000) AS a FROM `+enginetest.Count(1000)+`; SELECT count(*) FROM x`); got != "1000" {
			t.Errorf("%s rows", got)
		}
		files, err := os.ReadDir(db.o.TempDir)
		if err != nil || len(files) > 0 {
			t.Errorf("%v, %v", files, err)
		}
	}
}
