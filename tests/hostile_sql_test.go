package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

// sqlAttack is SQL from an attacker who owns the database.
type sqlAttack struct {
	name   string
	setup  string // must succeed
	attack string
	status int    // 0 is any
	says   string // what the answer contains
	then   string // what the next caller sends,
	finds  string // and what that contains
}

// counting counts without end.
const counting = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) "

// upTo returns a table expression that counts to n.
func upTo(n int) string {
	return fmt.Sprintf("(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT %d) SELECT x FROM n)", n)
}

// commas joins n texts.
func commas(n int, text func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(text(i))
	}
	return b.String()
}

func repeated(s string) func(int) string { return func(int) string { return s } }

func hostileSQL(t *testing.T, w *harness.Server, mallory *harness.User) {
	for _, a := range append(append(append(escapeAttacks(), leakAttacks()...), bombAttacks()...), shapeAttacks()...) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			db := newTarget(t, w, mallory)
			if a.setup != "" {
				db.sqlInTime(a.setup, 200).wants(t, w, 200, "")
			}
			got := db.sqlInTime(a.attack, a.status)
			got.wants(t, w, a.status, a.says)
			if got.status == http.StatusInternalServerError { // it has ended the daemon, or found a fault
				t.Errorf("the server reports an internal error: %.400s", got.body)
			}
			if a.then != "" {
				db.sql(a.then).wants(t, w, 0, a.finds)
			}
			db.survives()
		})
	}
}

// sqlInTime runs SQL that must end with a status. On a busy machine the time limit
// may come first; then it runs the SQL again.
func (a target) sqlInTime(sql string, status int) (got attackResult) {
	a.t.Helper()
	harness.Until(a.t, "an answer within the limit of time", func() bool {
		got = a.sql(sql)
		return got.status != http.StatusRequestTimeout || status == http.StatusRequestTimeout || status == 0
	})
	return got
}

// escapeAttacks try to reach other files, the process, or the structures that
// keep the database intact.
func escapeAttacks() []sqlAttack {
	return []sqlAttack{
		{name: "attach another tenant's file", attack: "ATTACH '../../../alice/shop.sqlite/current/shop.sqlite' AS x", status: 400, says: "ATTACH is not available"},
		{name: "attach by a function", attack: "ATTACH char(47)||'etc/passwd' AS x", status: 400, says: "ATTACH is not available"},
		{name: "attach among others", attack: "CREATE TABLE t(a); /* x */ ATTACH ':memory:' AS x; INSERT INTO t VALUES (1)", status: 400, says: "ATTACH is not available", then: "SELECT count(*) FROM sqlite_schema", finds: `[["0"]]`},
		{name: "vacuum into", attack: "VACUUM INTO '/tmp/stolen'", status: 400, says: "VACUUM INTO is not available"},
		{name: "vacuum into, dressed up", attack: "\ufeff;; vacuum/**/\"main\"--\ninto/**/(SELECT 'stolen')", status: 400, says: "VACUUM INTO is not available"},
		{name: "load_extension", attack: "SELECT load_extension('/lib/x86_64-linux-gnu/libc.so.6', 'system')", status: 400, says: "load_extension"},
		{name: "fts3_tokenizer", attack: "SELECT fts3_tokenizer('simple', x'4141414141414141')", status: 400, says: "fts3_tokenizer"},
		{name: "fts3 with a forged tokenizer", attack: "CREATE VIRTUAL TABLE f USING fts3(x, tokenize=\"\x01\x02\x03\")", status: 400, says: "tokenizer"},
		{name: "readfile, writefile, edit", attack: "SELECT readfile('/etc/passwd'), writefile('/tmp/x', 1), edit('x')", status: 400, says: "no such function"},
		{name: "csv of another file", attack: "CREATE VIRTUAL TABLE c USING csv(filename='/etc/passwd')", status: 400, says: "no such module"},
		{name: "files of the file system", attack: "SELECT * FROM fsdir('/')", status: 400, says: "no such table"},
		{name: "S9 writable_schema", attack: "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='x'", status: 400, says: "writable_schema is not available"},
		{name: "S9 the schema itself", setup: "CREATE TABLE t(a)", attack: "UPDATE sqlite_schema SET rootpage=1 WHERE name='t'", status: 400, says: "may not be modified"},
		{name: "S9 shadow tables", setup: "CREATE VIRTUAL TABLE f USING fts5(x)", attack: "INSERT INTO f_data VALUES (1, zeroblob(99))", status: 400, says: "may not be modified"},
		{name: "S9 pages", attack: "UPDATE sqlite_dbpage SET data=zeroblob(4096) WHERE pgno=1", status: 400, says: "sqlite_dbpage"},
		{name: "journal_mode", attack: "PRAGMA journal_mode=OFF", status: 400, says: "cannot be set"},
		{name: "journal_mode by a function", setup: "CREATE TABLE t(a)", attack: "SELECT * FROM pragma_journal_mode('OFF')", then: "PRAGMA journal_mode", finds: `[["wal"]]`},
		{name: "locking_mode", attack: "PRAGMA locking_mode=EXCLUSIVE", status: 400, says: "cannot be set"},
		{name: "mmap_size", attack: "PRAGMA mmap_size=999999999", status: 400, says: "cannot be set"},
		{name: "synchronous", attack: "PRAGMA main.synchronous=OFF", status: 400, says: "cannot be set"},
		{name: "hard_heap_limit", attack: "PRAGMA hard_heap_limit=0", status: 400, says: "not available"},
		{name: "max_page_count", attack: "PRAGMA max_page_count=4294967294", status: 400, says: "cannot be set"},
		{name: "temp_store_directory", attack: "PRAGMA temp_store_directory='/etc'", status: 400, says: "not available"},
		{name: "database_list", attack: "SELECT file FROM pragma_database_list", status: 400, says: "not available"},
		{name: "wal_checkpoint", attack: "PRAGMA wal_checkpoint(TRUNCATE)", status: 400, says: "not available"},
		{name: "trusted_schema", attack: "PRAGMA trusted_schema=ON", status: 400, says: "cannot be set"},
		{name: "cell_size_check", attack: "PRAGMA cell_size_check=OFF; PRAGMA ignore_check_constraints=ON", status: 400, says: "PRAGMA"},
		{name: "extension in a trigger", setup: "CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('x'); END", attack: "INSERT INTO t VALUES (1)", status: 400, says: "load_extension"},
		{name: "extension in a generated column", attack: "CREATE TABLE t(a, b AS (load_extension(a))); INSERT INTO t(a) VALUES ('x'); SELECT * FROM t", status: 400},
		{name: "attach in a trigger", attack: "CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON t BEGIN ATTACH 'x' AS y; END", status: 400, says: "syntax error"},
	}
}

// leakAttacks try to leave something behind for the next request.
func leakAttacks() []sqlAttack {
	return []sqlAttack{
		{name: "temp table in place of a table", setup: "CREATE TABLE t(a); INSERT INTO t VALUES ('true')", attack: "CREATE TEMP TABLE t(a); INSERT INTO temp.t VALUES ('forged'); SELECT a FROM t", status: 200, says: "forged", then: "SELECT a FROM t", finds: `[["true"]]`},
		{name: "temp view", setup: "CREATE TABLE t(a); INSERT INTO t VALUES ('true')", attack: "CREATE TEMP VIEW t AS SELECT 'forged' AS a; SELECT 1", status: 200, then: "SELECT a FROM t", finds: `[["true"]]`},
		{name: "temp trigger", setup: "CREATE TABLE t(a)", attack: "CREATE TEMP TRIGGER g AFTER INSERT ON main.t BEGIN DELETE FROM t; END; SELECT 1", status: 200, then: "INSERT INTO t VALUES (1); SELECT count(*) FROM t", finds: `[["1"]]`},
		{name: "foreign_keys off", setup: "CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p)", attack: "PRAGMA foreign_keys=OFF", then: "INSERT INTO c VALUES (1)", finds: "FOREIGN KEY constraint failed"},
		{name: "case_sensitive_like", attack: "PRAGMA case_sensitive_like=ON", status: 400, then: "SELECT 'a' LIKE 'A'", finds: `[["1"]]`},
		{name: "recursive_triggers", attack: "PRAGMA recursive_triggers=ON", then: "PRAGMA recursive_triggers", finds: `[["0"]]`},
		{name: "transaction left open", setup: "CREATE TABLE t(a)", attack: "BEGIN EXCLUSIVE; INSERT INTO t VALUES (1)", status: 400, says: "transaction", then: "INSERT INTO t VALUES (2); SELECT count(*) FROM t", finds: `[["1"]]`},
		{name: "savepoint left open", setup: "CREATE TABLE t(a)", attack: "SAVEPOINT s; INSERT INTO t VALUES (1)", status: 400, says: "transaction", then: "SELECT count(*) FROM t", finds: `[["0"]]`},
		{name: "end of the server's transaction", setup: "CREATE TABLE t(a)", attack: "INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2)", status: 400, says: "no transaction"},
		{name: "query_only", attack: "PRAGMA query_only=ON", then: "CREATE TABLE t(a); SELECT 'written'", finds: "written"},
		{name: "last_insert_rowid and changes", setup: "CREATE TABLE t(a)", attack: "INSERT INTO t VALUES (1),(2),(3)", status: 200, then: "SELECT last_insert_rowid() || '/' || changes()", finds: `[["0/0"]]`},
	}
}

// shapeAttacks are texts and schemas of extreme shape.
func shapeAttacks() []sqlAttack {
	return []sqlAttack{
		{name: "a million terms", attack: "SELECT " + strings.Repeat("1+", 1_000_000) + "1", status: 400, says: "Expression tree is too large"},
		{name: "a million terms of OR", attack: "SELECT 1 WHERE " + strings.Repeat("0 OR ", 400_000) + "1", status: 400, says: "Expression tree is too large"},
		{name: "deep parentheses", attack: "SELECT " + strings.Repeat("(", 1_000_000), status: 400, says: "Recursion limit"},
		{name: "deep subqueries", attack: strings.Repeat("SELECT * FROM (", 50_000) + "SELECT 1" + strings.Repeat(")", 50_000), status: 400, says: ""},
		{name: "deep CASE", attack: "SELECT " + strings.Repeat("CASE WHEN 1 THEN ", 100_000), status: 400, says: ""},
		{name: "a million minus signs", attack: "SELECT " + strings.Repeat("- ", 900_000) + "1", status: 400},
		{name: "NOT NOT NOT", attack: "SELECT " + strings.Repeat("NOT ", 500_000) + "1", status: 400},
		{name: "compound of thousands", attack: strings.Repeat("SELECT 1 UNION ", 10_000) + "SELECT 1", status: 400, says: "too many terms in compound SELECT"},
		{name: "VALUES of thousands", attack: "VALUES " + commas(300_000, repeated("(1)")), says: ""},
		{name: "IN list of thousands", attack: "SELECT 1 IN (" + commas(400_000, repeated("1")) + ")", says: ""},
		{name: "2001 columns", attack: "SELECT " + commas(2001, repeated("1")), status: 400, says: "too many columns"},
		{name: "table of 2001 columns", attack: "CREATE TABLE t(" + commas(2001, func(i int) string { return fmt.Sprintf("c%d", i) }) + ")", status: 400, says: "too many columns"},
		{name: "function of 1001 arguments", attack: "SELECT max(" + commas(1001, repeated("1")) + ")", status: 400, says: "too many arguments"},
		{name: "join of 65 tables", setup: "CREATE TABLE t(a)", attack: "SELECT 1 FROM " + commas(65, func(i int) string { return fmt.Sprintf("t AS t%d", i) }), status: 400, says: "at most 64 tables"},
		{name: "parameter number out of range", attack: "SELECT ?4294967297", status: 400, says: "variable number must be between"},
		{name: "a hundred thousand parameters", attack: "SELECT 1 IN (" + commas(100_000, repeated("?")) + ")", status: 400, says: "too many SQL variables"},
		{name: "huge identifier", attack: `CREATE TABLE "` + strings.Repeat("x", 1_900_000) + `"(a)`, status: 0},
		{name: "huge column names in a result", attack: `SELECT 1 AS "` + strings.Repeat("é", 900_000) + `"`, status: 200, says: "é"},
		{name: "two million semicolons", attack: strings.Repeat(";", hostileRequestBytes), status: 200},
		{name: "comment without end", attack: "SELECT 1 /*" + strings.Repeat("*", 1_900_000), status: 200},
		{name: "string without end", attack: "SELECT '" + strings.Repeat("x", 1_900_000), status: 400, says: "unrecognized token"},
		{name: "NUL in the text", attack: "SELECT 1;\x00SELECT 2", status: 400},
		{name: "half a million statements", attack: strings.Repeat("SELECT;", 290_000), status: 400, says: "syntax error"},
		{name: "views on views", setup: "CREATE VIEW v0 AS SELECT 1 AS a; " + chain(99), attack: "SELECT * FROM v99", says: ""},
		{name: "views that fan out", setup: "CREATE VIEW v0 AS SELECT 1 AS a; " + fan(40), attack: "SELECT count(*) FROM v40", status: 0},
		{name: "view of itself", setup: "CREATE VIEW a AS SELECT * FROM b; CREATE VIEW b AS SELECT * FROM a", attack: "SELECT * FROM a", status: 400, says: "circularly defined"},
		{name: "generated columns in a circle", attack: "CREATE TABLE t(x, a AS (b), b AS (a)); INSERT INTO t(x) VALUES (1)", status: 400, says: "loop"},
		{name: "trigger for ever", setup: "CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t VALUES (new.a+1); END", attack: "PRAGMA recursive_triggers=ON; INSERT INTO t VALUES (1)", status: 400, says: "triggers nested too deep", then: "SELECT count(*) FROM t", finds: `[["0"]]`},
		{name: "triggers that fan out", setup: "CREATE TABLE t0(a); " + triggers(30), attack: "INSERT INTO t0 VALUES (1)", says: "limits."},
		{name: "index on a non-deterministic function", attack: "CREATE TABLE t(a); CREATE INDEX i ON t(random())", status: 400, says: "non-deterministic"},
		{name: "CHECK that calls itself", attack: "CREATE TABLE t(a CHECK((SELECT 1 FROM t)))", status: 400, says: "subqueries prohibited"},
		{name: "Q13 the words alone", attack: `SELECT * FROM "attempt to write a readonly database"`, status: 400, says: "no such table"},
		{name: "Q11 nothing at all", attack: "", status: 200},
	}
}

// chain creates views on views.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "CREATE VIEW v%d AS SELECT * FROM v%d;", i+1, i)
	}
	return b.String()
}

// fan creates views each of which uses the previous one twice.
func fan(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "CREATE VIEW v%d AS SELECT a.a FROM v%d a, v%d b;", i+1, i, i)
	}
	return b.String()
}

// triggers creates tables each of which inserts two rows into the next.
func triggers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "CREATE TABLE t%d(a); CREATE TRIGGER g%d AFTER INSERT ON t%d BEGIN INSERT INTO t%d VALUES (1); INSERT INTO t%d VALUES (2); END;", i+1, i, i, i+1, i+1)
	}
	return b.String()
}
