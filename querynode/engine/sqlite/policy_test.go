//go:build cgo && (linux || darwin)

package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Hostile SQL is rejected, for every kind of caller.
func TestHostileSQL(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "stolen.sqlite")
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1); CREATE VIRTUAL TABLE f USING fts5(x);
		CREATE VIRTUAL TABLE f3 USING fts3(x); CREATE VIRTUAL TABLE r USING rtree(i,a,b)`)
	cases := []struct{ name, sql, says string }{
		{"attach", `ATTACH '` + target + `' AS x`, "ATTACH is not available"},
		{"attach lower case", "aTtAcH dAtAbAsE '" + target + "' AS x", "ATTACH is not available"},
		{"attach after comments", "/* a */ -- b\n ; ATTACH/**/'" + target + "'/**/AS x", "ATTACH is not available"},
		{"attach nothing", `ATTACH '' AS x`, "ATTACH is not available"},
		{"attach memory", `ATTACH ':memory:' AS x`, "ATTACH is not available"},
		{"attach an expression", `ATTACH (SELECT '` + target + `') AS x`, "ATTACH is not available"},
		{"attach as second", `SELECT 1; ATTACH '` + target + `' AS x`, "ATTACH is not available"},
		{"attach after a write", `INSERT INTO t VALUES (9); ATTACH '` + target + `' AS x`, "ATTACH is not available"},
		{"explain attach", `EXPLAIN ATTACH '` + target + `' AS x`, "ATTACH is not available"},
		{"detach", `DETACH main`, "DETACH is not available"},
		{"vacuum into", `VACUUM INTO '` + target + `'`, "VACUUM INTO is not available"},
		{"vacuum main into", `VACUUM main INTO '` + target + `'`, "VACUUM INTO is not available"},
		{"vacuum quoted into", `VACUUM "into" INTO '` + target + `'`, ""},
		{"vacuum [main] into", `VACUUM [main] INTO '` + target + `'`, "VACUUM INTO is not available"},
		{"vacuum 'main' into", `VACUUM 'main'INTO '` + target + `'`, "VACUUM INTO is not available"},
		{"vacuum into, comments", "vacuum/*x*/--y\n/**/iNtO/**/'" + target + "'", "VACUUM INTO is not available"},
		{"vacuum into with mark", "\xEF\xBB\xBFVACUUM INTO '" + target + "'", "VACUUM INTO is not available"},
		{"vacuum into nothing", `VACUUM INTO ''`, "VACUUM INTO is not available"},
		{"vacuum into an expression", `VACUUM INTO (SELECT '` + target + `')`, "VACUUM INTO is not available"},
		{"vacuum into after semicolons", `;;VACUUM INTO '` + target + `'`, "VACUUM INTO is not available"},
		{"vacuum into as second", `SELECT 1; VACUUM INTO '` + target + `'`, "VACUUM INTO is not available"},
		{"extension", `SELECT load_extension('x')`, "load_extension"},
		{"extension in a view", `WITH x AS (SELECT load_extension('a','b')) SELECT * FROM x`, "load_extension"},
		{"tokenizer", `SELECT fts3_tokenizer('simple')`, "fts3_tokenizer"},
		{"tokenizer set", `SELECT fts3_tokenizer('simple', x'4141414141414141')`, "fts3_tokenizer"},
		{"readfile", `SELECT readfile('/etc/passwd')`, "no such function"},
		{"writefile", `SELECT writefile('` + target + `', 'x')`, "no such function"},
		{"edit", `SELECT edit('x')`, "no such function"},
		{"path of the file", `PRAGMA database_list`, "PRAGMA database_list is not available"},
		{"path by a table", `SELECT file FROM pragma_database_list`, "PRAGMA database_list is not available"},
		{"path by a join", `SELECT * FROM t, pragma_database_list`, "PRAGMA database_list is not available"},
		{"path by a quoted name", `PRAGMA "database_list"`, "PRAGMA database_list is not available"},
		{"S9 writable_schema", `PRAGMA writable_schema=1`, "PRAGMA writable_schema is not available"},
		{"S9 writable_schema reset", `PRAGMA Main.Writable_Schema(RESET)`, "not available"},
		{"temp directory", `PRAGMA temp_store_directory='/tmp'`, "not available"},
		{"data directory", `PRAGMA data_store_directory='/tmp'`, "not available"},
		{"checkpoint", `PRAGMA wal_checkpoint(TRUNCATE)`, "not available"},
		{"heap", `PRAGMA hard_heap_limit=0`, "not available"},
		{"soft heap", `PRAGMA soft_heap_limit=1`, "not available"},
		{"threads", `PRAGMA threads=8`, "not available"},
		{"journal", `PRAGMA journal_mode=DELETE`, "PRAGMA journal_mode cannot be set"},
		{"journal by call", `PRAGMA journal_mode(OFF)`, "PRAGMA journal_mode cannot be set"},
		{"journal by a table", `SELECT * FROM pragma_journal_mode('off')`, ""},
		{"synchronous", `PRAGMA synchronous=0`, "cannot be set"},
		{"size limit", `PRAGMA max_page_count=1000000000`, "cannot be set"},
		{"trusted schema", `PRAGMA trusted_schema=1`, "cannot be set"},
		{"query_only", `PRAGMA query_only=0`, "cannot be set"},
		{"cache", `PRAGMA cache_size=-1000000`, "cannot be set"},
		{"mmap", `PRAGMA mmap_size=1000000000`, "cannot be set"},
		{"temp store", `PRAGMA temp_store=2`, "cannot be set"},
		{"locking", `PRAGMA locking_mode=EXCLUSIVE`, "cannot be set"},
		{"busy timeout", `PRAGMA busy_timeout=0`, "cannot be set"},
		{"page size", `PRAGMA page_size=512`, "cannot be set"},
		{"schema version", `PRAGMA schema_version=1`, "cannot be set"},
		{"like", `PRAGMA case_sensitive_like=1`, "not available"},
		{"unknown", `PRAGMA no_such_thing`, "PRAGMA no_such_thing is not available"},
		{"shrink", `PRAGMA shrink_memory`, "not available"},
		{"explain pragma", `EXPLAIN PRAGMA writable_schema=1`, "not available"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			for _, level := range []ayb.QueryLevel{rw, ro} {
				if level == ro && strings.HasPrefix(c.sql, "INSERT") {
					continue // refused for another reason
				}
				message := db.Fails(level, c.sql, errs.SQL)
				if !strings.Contains(message, c.says) {
					t.Errorf("%s: %q does not contain %q", level, message, c.says)
				}
			}
			if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
				t.Fatalf("files were made: %v, %v", left, err)
			}
		})
	}
	if got := db.Must(ro, `SELECT * FROM t`); got != "1" {
		t.Errorf("the table holds %q", got)
	}
}

// S9: DEFENSIVE rejects these statements for writers, too.
func TestS9Defensive(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a); CREATE VIRTUAL TABLE f USING fts5(x); CREATE VIRTUAL TABLE r USING rtree(i,a,b)`)
	for _, sql := range []string{
		`UPDATE sqlite_schema SET sql = 'CREATE TABLE t(b)' WHERE name = 't'`,
		`INSERT INTO sqlite_master VALUES ('table','x','x',2,'CREATE TABLE x(a)')`,
		`DELETE FROM sqlite_schema`,
		`INSERT INTO f_data VALUES (1, x'00')`,
		`DELETE FROM f_config`,
		`UPDATE f_content SET c0 = 1`,
		`INSERT INTO r_node VALUES (7, x'00')`,
		`DROP TABLE f_data`,
		`UPDATE sqlite_dbpage SET data = x'00'`,
	} {
		if m := db.Fails(rw, sql, errs.SQL); strings.Contains(m, "syntax") {
			t.Errorf("%s: %s", sql, m)
		}
	}
	if got := db.Must(ro, `SELECT count(*) FROM sqlite_schema WHERE name = 't'`); got != "1" {
		t.Error("the schema was changed")
	}
}

// Pragmas that are allowed answer both kinds of caller.
func TestPragmasThatReport(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.DatabaseBytes = 40 << 20 })
	db.Must(rw, `CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE t(a, b REFERENCES p(id)); CREATE INDEX i ON t(a)`)
	cases := []struct{ sql, want string }{
		{`PRAGMA table_info(t)`, "0|a||0|NULL|0 1|b||0|NULL|0"},
		{`SELECT name FROM pragma_table_info('t')`, "a b"},
		{`PRAGMA index_list = t`, "0|i|0|c|0"},
		{`PRAGMA index_info(i)`, "0|0|a"},
		{`PRAGMA foreign_key_list(t)`, "0|0|p|b|id|NO ACTION|NO ACTION|NONE"},
		{`PRAGMA foreign_key_check`, ""},
		{`PRAGMA integrity_check(5)`, "ok"},
		{`PRAGMA main.quick_check`, "ok"},
		{`PRAGMA journal_mode`, "wal"},
		{`PRAGMA synchronous`, "2"},
		{`PRAGMA foreign_keys`, "1"},
		{`PRAGMA busy_timeout`, "5000"},
		{`PRAGMA encoding`, "UTF-8"},
		{`PRAGMA max_page_count`, "10240"},
		{`PRAGMA trusted_schema`, "0"},
		{`PRAGMA user_version`, "0"},
		{`SELECT count(*) > 40 FROM pragma_compile_options`, "1"},
		{`SELECT count(*) FROM pragma_function_list WHERE name = 'load_extension'`, "0"},
	}
	for _, c := range cases {
		for _, mode := range []string{"reader", "writer", "writer in a script"} {
			sql, level := c.sql, rw
			switch mode {
			case "reader":
				level = ro
			case "writer in a script":
				sql = `UPDATE t SET a = 1 WHERE 0; ` + c.sql
			}
			if got := db.Must(level, sql); got != c.want {
				t.Errorf("%s as %s: %q, want %q", c.sql, mode, got, c.want)
			}
		}
	}
}

func TestPragmasForWriters(t *testing.T) {
	db := open(t)
	db.Must(rw, `PRAGMA user_version=7`)
	db.Must(rw, `PRAGMA application_id(9); PRAGMA optimize; CREATE TABLE t(a)`)
	if got := db.Must(ro, `SELECT * FROM pragma_user_version, pragma_application_id`); got != "7|9" {
		t.Errorf("got %s", got)
	}
	for _, sql := range []string{`PRAGMA user_version=8`, `PRAGMA main.application_id=8`, `PRAGMA optimize`, `PRAGMA optimize(0x10002)`, `SELECT 1; PRAGMA user_version=8`} {
		db.Fails(ro, sql, errs.ReadOnly)
	}
}

// Q12, Q13: the error for a read-only caller depends on the rejected action and
// not on the text.
func TestReadOnlyCallers(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1); CREATE VIRTUAL TABLE f USING fts4(x);
		CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t SELECT 1 WHERE 0; END`)
	db.Must(rw, `INSERT INTO f VALUES ('one')`) // in transactions of their own,
	db.Must(rw, `INSERT INTO f VALUES ('two')`) // so that there is something to optimize
	for _, sql := range []string{
		`INSERT INTO t VALUES (2)`, `UPDATE t SET a = 2`, `DELETE FROM t`, `REPLACE INTO t VALUES (1)`,
		`CREATE TABLE u(a)`, `DROP TABLE t`, `ALTER TABLE t RENAME TO u`,
		`CREATE INDEX i ON t(a)`, `VACUUM`, `VACUUM main`, `ANALYZE`, `REINDEX`,
		`WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x`,
		`INSERT INTO t VALUES (2) RETURNING a`,
		`SELECT 1; INSERT INTO t VALUES (2)`,
		`BEGIN; DELETE FROM t; COMMIT`,
		`SAVEPOINT s; DELETE FROM t; RELEASE s`,
		`BEGIN IMMEDIATE; SELECT 1; COMMIT`, // asks for the right to write
		`SELECT optimize(f) FROM f LIMIT 1`, // writes while it reads
		`INSERT INTO f(f) VALUES ('rebuild')`,
	} {
		if m := db.Fails(ro, sql, errs.ReadOnly); m != "Attempted to write to database while in read-only mode" {
			t.Errorf("%s: %s", sql, m)
		}
	}
	// Q13: the words alone have no effect.
	db.Fails(ro, `SELECT * FROM "attempt to write a readonly database"`, errs.SQL)
	db.Fails(ro, `SELECT "read-only" FROM readonly`, errs.SQL)
	db.Fails(ro, `INSERT INTO missing VALUES (1)`, errs.SQL)

	for _, sql := range []string{`EXPLAIN DELETE FROM t`, `EXPLAIN QUERY PLAN DELETE FROM t`, `BEGIN; SELECT 1; COMMIT`, `SAVEPOINT a; SELECT 1; RELEASE a`} {
		db.Must(ro, sql)
	}
	if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
		t.Errorf("the table holds %q", got)
	}
	// The same statement is accepted for writers, also if it was compiled on a
	// reader first.
	db.Must(rw, `SELECT optimize(f) FROM f LIMIT 1`)
}

// Q8: VACUUM frees space, and no ATTACH is possible afterwards.
func TestQ8Vacuum(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a);
		INSERT INTO t SELECT randomblob(1000) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 5000) SELECT x FROM c);
		DELETE FROM t`)
	for _, sql := range []string{`VACUUM`, ` vacuum main ; -- done`, `SELECT 1; VACUUM`, `VACUUM; SELECT 1`, `EXPLAIN VACUUM`} {
		db.Must(rw, sql)
		db.Fails(rw, `ATTACH '' AS x`, errs.SQL)
	}
	if got := db.Must(ro, `PRAGMA page_count`); len(got) > 2 {
		t.Errorf("%s pages are left", got)
	}
	if m := db.Fails(rw, `BEGIN; VACUUM; COMMIT`, errs.SQL); !strings.Contains(m, "cannot VACUUM from within a transaction") {
		t.Error(m)
	}
}

// Hostile texts create no file beside the engine's own.
func TestNoOtherFiles(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	_, _ = db.Try(rw, `VACUUM INTO 'file:x?mode=rwc'`)
	entries, err := os.ReadDir(filepath.Dir(db.Path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "data.sqlite") {
			t.Errorf("there is a file %s", e.Name())
		}
	}
}
