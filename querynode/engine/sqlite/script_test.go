//go:build cgo && (linux || darwin)

package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Q4: every statement of a body runs, and the last result is the answer.
func TestQ4Bodies(t *testing.T) {
	cases := []struct {
		name, sql, want string
	}{
		{"last result", `CREATE TABLE t(a); INSERT INTO t VALUES (1),(2); SELECT sum(a) FROM t`, "3"},
		{"a result before statements without one", `SELECT 5; CREATE TABLE t(a); INSERT INTO t VALUES (1)`, "5"},
		{"later results replace earlier ones", `SELECT 1; SELECT 2 WHERE 0; SELECT 3`, "3"},
		{"no rows are a result too", `SELECT 1; SELECT 2 WHERE 0`, ""},
		{"empty statements", `;; SELECT 1 ;; /* x */ ; SELECT 2; -- end`, "2"},
		{"returning", `CREATE TABLE t(a); INSERT INTO t VALUES (7) RETURNING a * 2`, "14"},
		{"last insert rowid", `CREATE TABLE t(a); INSERT INTO t VALUES (1),(2); SELECT last_insert_rowid(), changes()`, "2|2"},
		{"trigger with statements inside", `CREATE TABLE t(a); CREATE TABLE l(a);
			CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO l VALUES (new.a); INSERT INTO l VALUES (-new.a); END;
			INSERT INTO t VALUES (4); SELECT group_concat(a) FROM l`, "4,-4"},
		{"own transaction", `BEGIN; CREATE TABLE t(a); INSERT INTO t VALUES (1); COMMIT; SELECT count(*) FROM t`, "1"},
		{"own rollback", `CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1); ROLLBACK; SELECT count(*) FROM t`, "0"},
		{"own savepoint", `CREATE TABLE t(a); SAVEPOINT s; INSERT INTO t VALUES (1); ROLLBACK TO s; RELEASE s; SELECT count(*) FROM t`, "0"},
		{"immediate", `BEGIN IMMEDIATE; CREATE TABLE t(a); END; SELECT count(*) FROM t`, "0"},
		{"temporary table", `CREATE TEMP TABLE t(a); INSERT INTO t VALUES (3); SELECT a FROM temp.t`, "3"},
		{"foreign keys off, as a dump does", `PRAGMA foreign_keys=OFF; BEGIN; CREATE TABLE p(id INTEGER PRIMARY KEY);
			CREATE TABLE c(p REFERENCES p(id)); INSERT INTO c VALUES (9); COMMIT; SELECT p FROM c`, "9"},
		{"deferred foreign keys", `CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id));
			PRAGMA defer_foreign_keys=ON; INSERT INTO c VALUES (1); INSERT INTO p VALUES (1); SELECT p FROM c`, "1"},
		{"deferred foreign keys first", `PRAGMA defer_foreign_keys=ON; CREATE TABLE p(id INTEGER PRIMARY KEY);
			CREATE TABLE c(p REFERENCES p(id)); INSERT INTO c VALUES (1); INSERT INTO p VALUES (1); SELECT p FROM c`, "1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := open(t).Must(rw, c.sql); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Q4: an error anywhere undoes everything, unless the body has its own
// transactions.
func TestQ4AllOrNothing(t *testing.T) {
	cases := []struct {
		name, sql, left string
		message         string
	}{
		{"constraint", `INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)`, "0", "UNIQUE constraint failed: t.a"},
		{"syntax at the end", `INSERT INTO t VALUES (1); SELEKT`, "0", `near "SELEKT": syntax error`},
		{"missing table", `INSERT INTO t VALUES (1); SELECT * FROM u`, "0", "no such table: u"},
		{"schema", `CREATE TABLE u(a); INSERT INTO t VALUES (1); CREATE TABLE u(a)`, "0", "table u already exists"},
		{"or rollback", `INSERT INTO t VALUES (1); INSERT OR ROLLBACK INTO t VALUES (1)`, "0", "UNIQUE constraint failed: t.a"},
		{"deferred foreign key at the commit", `CREATE TABLE c(a REFERENCES t(a) DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES (1)`, "0", "FOREIGN KEY constraint failed"},
		{"foreign keys said to be on stay atomic", `PRAGMA foreign_keys = ON; INSERT INTO t VALUES (1); SELECT x`, "0", "no such column: x"},
		{"runtime", `INSERT INTO t VALUES (1); SELECT abs(-9223372036854775808)`, "0", "integer overflow"},
		{"own transaction", `BEGIN; INSERT INTO t VALUES (1); SELECT x; COMMIT`, "0", "no such column: x"},
		{"own transaction that ended", `BEGIN; INSERT INTO t VALUES (1); COMMIT; SELECT x`, "1", "no such column: x"},
		{"left open", `BEGIN; INSERT INTO t VALUES (1)`, "0", "left a transaction open"},
		{"left open by a savepoint", `SAVEPOINT s; INSERT INTO t VALUES (1)`, "0", "left a transaction open"},
		{"commit without begin", `INSERT INTO t VALUES (1); COMMIT`, "0", "there is no transaction to end here"},
		{"rollback without begin", `INSERT INTO t VALUES (1); ROLLBACK; SELECT x`, "0", "there is no transaction to end here"},
		{"release without savepoint", `INSERT INTO t VALUES (1); RELEASE s; SELECT x`, "0", "there is no transaction to end here"},
		{"commit without begin behind a setting", `PRAGMA foreign_keys=OFF; INSERT INTO t VALUES (1); COMMIT; SELECT x`, "0", "there is no transaction to end here"},
		{"begin twice", `BEGIN; INSERT INTO t VALUES (1); BEGIN`, "0", "cannot start a transaction within a transaction"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := open(t)
			db.Must(rw, `CREATE TABLE t(a PRIMARY KEY)`)
			if m := db.Fails(rw, c.sql, errs.SQL); !strings.Contains(m, c.message) {
				t.Errorf("message %q, want %q", m, c.message)
			}
			for _, mode := range []ayb.QueryLevel{ro, rw} {
				if got := db.Must(mode, `SELECT count(*) FROM t`); got != c.left {
					t.Errorf("%s sees %s rows, want %s", mode, got, c.left)
				}
			}
			db.Must(rw, `INSERT INTO t VALUES (100)`)
		})
	}
}

// A read transaction does not stay open on a reader.
func TestLeftOpenOnReader(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(a)`)
	for _, mode := range []ayb.QueryLevel{ro, rw} {
		for _, sql := range []string{`BEGIN`, `BEGIN; SELECT * FROM t`, `SAVEPOINT x; SELECT 1`} {
			if m := db.Fails(mode, sql, errs.SQL); !strings.Contains(m, "left a transaction open") {
				t.Error(m)
			}
		}
	}
	db.Must(rw, `INSERT INTO t VALUES (1)`)
	if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
		t.Errorf("the reader still sees an old state: %q", got)
	}
}

// Effects of a body on its connection are gone for the next.
func TestNothingLeaks(t *testing.T) {
	cases := []struct{ name, first, then, want string }{
		{"temporary table", `CREATE TEMP TABLE x(a)`, `SELECT count(*) FROM temp.sqlite_schema`, "0"},
		{"temporary table by schema name", `CREATE TABLE temp.x(a); SELECT 1`, `SELECT count(*) FROM sqlite_temp_schema`, "0"},
		{"temporary table by schema name, on the writer", `CREATE TABLE temp.x(a); INSERT INTO x VALUES (1)`, `INSERT INTO t SELECT count(*) FROM temp.sqlite_schema; SELECT a FROM t`, "0"},
		{"temporary view by schema name, on the writer", `CREATE VIEW temp.p AS SELECT 99 AS id; DELETE FROM t`, `INSERT INTO t SELECT count(*) FROM p; SELECT a FROM t`, "0"},
		{"temporary view", `CREATE TEMP VIEW t AS SELECT 99 AS a`, `SELECT count(*) FROM t`, "0"},
		{"temporary trigger", `CREATE TEMP TRIGGER g BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no'); END`, `INSERT INTO t VALUES (1); SELECT count(*) FROM t`, "1"},
		{"temporary virtual table", `CREATE VIRTUAL TABLE temp.x USING fts5(a)`, `SELECT count(*) FROM temp.sqlite_schema`, "0"},
		{"foreign keys", `PRAGMA foreign_keys=OFF`, `PRAGMA foreign_keys`, "1"},
		{"foreign keys by a number that is none", `PRAGMA foreign_keys=99999999999`, `PRAGMA foreign_keys`, "1"},
		{"foreign keys in a script", `PRAGMA foreign_keys=OFF; INSERT INTO c VALUES (5); DELETE FROM c`, `UPDATE t SET a = 1 WHERE 0; PRAGMA foreign_keys`, "1"},
		{"foreign keys explained", `EXPLAIN PRAGMA foreign_keys=OFF`, `PRAGMA foreign_keys`, "1"},
		{"recursive triggers", `PRAGMA recursive_triggers=1; INSERT INTO t VALUES (1); DELETE FROM t`, `DELETE FROM t; PRAGMA recursive_triggers`, "0"},
		{"order", `PRAGMA reverse_unordered_selects=1; SELECT 1`, `PRAGMA reverse_unordered_selects`, "0"},
		{"order on a reader", `PRAGMA reverse_unordered_selects=1`, `SELECT group_concat(x) FROM (SELECT 1 AS x UNION ALL SELECT 2)`, "1,2"},
		{"checks", `PRAGMA ignore_check_constraints=1; INSERT INTO t VALUES (2); DELETE FROM t`, `DELETE FROM t; PRAGMA ignore_check_constraints`, "0"},
		{"alter table", `PRAGMA legacy_alter_table=1; DELETE FROM t`, `DELETE FROM t; PRAGMA legacy_alter_table`, "0"},
		{"last insert rowid", `INSERT INTO t VALUES (1); DELETE FROM t`, `DELETE FROM t; SELECT last_insert_rowid()`, "0"},
		{"a failed script", `CREATE TEMP TABLE x(a); PRAGMA recursive_triggers=1; SELECT nope`, `DELETE FROM t; SELECT (SELECT count(*) FROM temp.sqlite_schema) + (SELECT * FROM pragma_recursive_triggers)`, "0"},
		{"the first try of a body that starts over", `PRAGMA recursive_triggers=1; INSERT INTO t VALUES (1); COMMIT`, `DELETE FROM t; PRAGMA recursive_triggers`, "0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := open(t, func(o *engine.Options) { o.Readers = 1 })
			db.Must(rw, `CREATE TABLE t(a); CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id))`)
			_, _ = db.Try(rw, c.first)
			if got := db.Must(rw, c.then); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A setting applies from its statement to the end of its body, also when the
// body starts over.
func TestSettingsWithinABody(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	cases := []struct{ sql, want string }{
		{`PRAGMA recursive_triggers=1; SELECT * FROM pragma_recursive_triggers`, "1"},
		{`DELETE FROM t; PRAGMA recursive_triggers=1; SELECT * FROM pragma_recursive_triggers`, "1"},
		{`DELETE FROM t; INSERT INTO t SELECT * FROM pragma_recursive_triggers; PRAGMA recursive_triggers=1; BEGIN; COMMIT; SELECT a FROM t`, "0"},
		{`PRAGMA reverse_unordered_selects=1; SELECT * FROM pragma_reverse_unordered_selects`, "1"},
		{`SELECT 1; PRAGMA reverse_unordered_selects=0`, "1"},
	}
	for _, c := range cases {
		if got := db.Must(rw, c.sql); got != c.want {
			t.Errorf("%s: %q, want %q", c.sql, got, c.want)
		}
	}
}

// The statement caches notice a changed schema.
func TestCacheAndSchema(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1)`)
	ask := func(mode ayb.QueryLevel, want string) {
		t.Helper()
		for range 8 { // on every reader
			if got, err := db.Try(mode, `SELECT * FROM t`); err != nil || got != want {
				t.Fatalf("got %s, %v; want %s", got, err, want)
			}
		}
	}
	ask(ro, `{"fields":["a"],"rows":[["1"]]}`)
	db.Must(rw, `ALTER TABLE t ADD COLUMN b DEFAULT 'x'`)
	ask(ro, `{"fields":["a","b"],"rows":[["1","x"]]}`)
	db.Must(rw, `ALTER TABLE t RENAME COLUMN a TO c`)
	ask(rw, `{"fields":["c","b"],"rows":[["1","x"]]}`)
	db.Must(rw, `DROP TABLE t`)
	db.Fails(ro, `SELECT * FROM t`, errs.SQL)
	db.Must(rw, `CREATE VIEW t AS SELECT 1 AS one, 2 AS two, 3 AS three`)
	ask(ro, `{"fields":["one","two","three"],"rows":[["1","2","3"]]}`)

	// Cached on the writer: a statement with a result.
	db.Must(rw, `CREATE TABLE w(a)`)
	for i := range 3 {
		got, err := db.Try(rw, `INSERT INTO w DEFAULT VALUES RETURNING *`)
		want := `{"fields":["a"],"rows":[[null]]}`
		if i == 2 {
			want = `{"fields":["a","b"],"rows":[[null,"5"]]}`
		}
		if err != nil || got != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
		if i == 1 {
			db.Must(rw, `ALTER TABLE w ADD COLUMN b DEFAULT 5`)
		}
	}
}

// A text that only reads today may write tomorrow.
func TestCacheAndRoute(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE other(a)`)
	const sql = "/* not a keyword first */ EXPLAIN SELECT 1"
	db.Must(rw, sql)
	for range 8 {
		db.Must(rw, `DROP TABLE IF EXISTS t`)
		db.Must(rw, ` WITH x AS (SELECT 1) SELECT * FROM x`)
	}
	db.Must(rw, `CREATE TABLE t(a)`)
	db.Must(rw, `DROP TABLE IF EXISTS t`)
	db.Fails(ro, `SELECT * FROM t`, errs.SQL)
	for range 8 {
		db.Must(rw, `CREATE TABLE IF NOT EXISTS u(a)`)
	}
	db.Must(rw, `DROP TABLE u`)
	db.Must(rw, `CREATE TABLE IF NOT EXISTS u(a)`)
	db.Must(ro, `SELECT * FROM u`)
}

// Many more texts than a cache holds, and texts too long for it.
func TestCacheIsBounded(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(a)`)
	for i := range 3 * cachedStatements {
		for range 2 {
			if got := db.Must(ro, fmt.Sprintf(`SELECT %d FROM (SELECT 1)`, i)); got != fmt.Sprint(i) {
				t.Fatalf("%d gave %s", i, got)
			}
			db.Must(rw, fmt.Sprintf(`INSERT INTO t VALUES (%d)`, i))
		}
	}
	if n := len(db.readers.all[0].c.cache.m); n != cachedStatements {
		t.Errorf("%d statements are kept", n)
	}
	long := `SELECT '` + strings.Repeat("x", cachedTextBytes) + `'`
	db.Must(ro, long)
	if _, ok := db.readers.all[0].c.cache.get(long); ok {
		t.Error("a long text is kept")
	}
}

// Errors have SQLite's own message, code and position, counted from the start
// of the body.
func TestErrorAttributes(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)`)
	cases := []struct{ sql, message, code, offset string }{
		{`SELECT * FROM missing`, "no such table: missing", "1", ""},
		{`SELECT 1; SELECT nope`, "no such column: nope", "1", "17"},
		{`INSERT INTO t VALUES (2); SELECT nope`, "no such column: nope", "1", "33"},
		{`INSERT INTO t VALUES (1)`, "UNIQUE constraint failed: t.a", "2067", ""},
		{`SELEC 1`, `near "SELEC": syntax error`, "1", "0"},
		{`SELECT 'x`, `unrecognized token: "'x"`, "1", "7"},
	}
	for _, c := range cases {
		_, err := db.Try(rw, c.sql)
		e := errs.Public(err)
		if e.Code != errs.SQL || e.Message != c.message || e.Attrs["sqlite_code"] != c.code || e.Attrs["offset"] != c.offset {
			t.Errorf("%s: %q %s %v", c.sql, e.Message, e.Code, e.Attrs)
		}
	}
}

func TestBodiesThatAreNoText(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.SQLBytes = 1000 })
	db.Fails(rw, "SELECT 1\x00; DROP TABLE t", errs.Invalid)
	db.Fails(rw, "SELECT '"+strings.Repeat("x", 1000)+"'", errs.TooLarge)
	db.Fails(rw, "SELECT '\xff", errs.SQL)
	if got := db.Must(rw, "SELECT '\xff'"); got != "\uFFFD" {
		t.Errorf("got %q", got)
	}
}

// A body of very many statements takes linear time and the memory of one
// statement.
func TestManyStatements(t *testing.T) {
	db := open(t)
	var b strings.Builder
	b.WriteString(`CREATE TABLE t(a);`)
	for i := range 20000 {
		fmt.Fprintf(&b, "INSERT INTO t VALUES (%d);\n", i)
	}
	b.WriteString(`SELECT count(*), sum(a) FROM t`)
	if got := db.Must(rw, b.String()); got != "20000|199990000" {
		t.Errorf("got %s", got)
	}
	if got := db.Must(ro, strings.Repeat("SELECT a FROM t WHERE rowid = 6;", 20000)); got != "5" {
		t.Errorf("got %s", got)
	}
}
