//go:build cgo && (linux || darwin)

package sqlite

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // makes databases as others would

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// S21: a database that was never written is an empty one, needs no file, and
// becomes the real one with the first write.
func TestS21NeverWritten(t *testing.T) {
	for _, empty := range []bool{false, true} {
		db := open(t)
		if empty {
			if err := os.WriteFile(db.Path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if got := db.Must(ro, `SELECT count(*) FROM sqlite_schema`); got != "0" {
				t.Error(got)
			}
			if m := db.Fails(ro, `SELECT * FROM t`, errs.SQL); m != "no such table: t" {
				t.Error(m)
			}
			db.Fails(ro, `CREATE TABLE t(a)`, errs.ReadOnly)
			db.Must(rw, `SELECT 1; SELECT 2`)
		}
		if _, err := os.Stat(db.Path); !empty && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file was made by reading: %v", err)
		}
		db.Must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1)`)
		for range 8 { // every reader
			if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
				t.Errorf("got %q", got)
			}
		}
	}
}

// foreign makes a database file like another program.
func foreign(t *testing.T, path string, statements ...string) {
	t.Helper()
	other, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := other.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestExistingFiles(t *testing.T) {
	cases := []struct {
		name       string
		statements []string
	}{
		{"rollback journal", []string{`CREATE TABLE t(a)`, `INSERT INTO t VALUES ('é')`}},
		{"write-ahead log", []string{`PRAGMA journal_mode=WAL`, `CREATE TABLE t(a)`, `INSERT INTO t VALUES ('é')`}},
		{"UTF-16", []string{`PRAGMA encoding='UTF-16le'`, `CREATE TABLE t(a)`, `INSERT INTO t VALUES ('é')`}},
		{"small pages", []string{`PRAGMA page_size=512`, `CREATE TABLE t(a)`, `INSERT INTO t VALUES ('é')`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := open(t, func(o *engine.Options) { o.DatabaseBytes = 1 << 20 })
			foreign(t, db.Path, c.statements...)
			if got := db.Must(ro, `SELECT a FROM t`); got != "é" {
				t.Errorf("got %q", got)
			}
			if got := db.Must(ro, `PRAGMA journal_mode`); got != "wal" {
				t.Errorf("journal mode %q", got)
			}
			db.Must(rw, `INSERT INTO t VALUES (2)`)
			db.Fails(rw, `INSERT INTO t SELECT randomblob(1000) FROM `+enginetest.Count(2000), errs.Full)
		})
	}
}

// The error of a file that is no database has no path.
func TestBrokenFiles(t *testing.T) {
	db := open(t)
	if err := os.WriteFile(db.Path, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if m := db.Fails(ro, `SELECT 1`, errs.SQL); m != "file is not a database" {
			t.Error(m)
		}
		db.Fails(rw, `CREATE TABLE t(a)`, errs.SQL)
	}
	gone := open(t, func(o *engine.Options) { o.Path = filepath.Join(t.TempDir(), "missing", "data.sqlite") })
	gone.Fails(rw, `CREATE TABLE t(a)`, errs.Engine)
	gone.Must(ro, `SELECT 1`)
}

// A damaged page gives SQLite's error and leaves the rest usable.
func TestDamagedPage(t *testing.T) {
	db := open(t)
	foreign(t, db.Path, `CREATE TABLE t(a)`, `CREATE TABLE u(a)`, `INSERT INTO u VALUES (1)`)
	b, err := os.ReadFile(db.Path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < 8192; i++ { // the page of t
		b[i] = 0xff
	}
	if err := os.WriteFile(db.Path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if m := db.Fails(ro, `SELECT * FROM t`, errs.SQL); !strings.Contains(m, "malformed") {
			t.Error(m)
		}
		if got := db.Must(ro, `SELECT a FROM u`); got != "1" {
			t.Errorf("got %q", got)
		}
	}
}

// When the database is closed, all data is in its file, and the write-ahead log
// is gone.
func TestCloseLeavesOneFile(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1)`)
	db.Must(ro, `SELECT * FROM t`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(db.Path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	again := open(t, func(o *engine.Options) { o.Path = db.Path })
	if got := again.Must(ro, `SELECT a FROM t`); got != "1" {
		t.Errorf("got %q", got)
	}
}

func TestOptions(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []engine.Options{
		{}, {Path: filepath.Join(dir, "x")}, {TempDir: dir},
		{Path: filepath.Join(dir, "x"), TempDir: filepath.Join(dir, "missing")},
	} {
		if _, err := Open(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// S23: the SQLite version is current and has the required features.
func TestS23Features(t *testing.T) {
	db := open(t)
	cases := []struct{ name, sql, want string }{
		{"version", `SELECT sqlite_version() >= '3.50'`, "1"},
		{"fts3", `CREATE VIRTUAL TABLE f3 USING fts3(a); INSERT INTO f3 VALUES ('one two'); SELECT a FROM f3 WHERE f3 MATCH '(one AND two)'`, "one two"},
		{"fts4", `CREATE VIRTUAL TABLE f4 USING fts4(a); INSERT INTO f4 VALUES ('x'); SELECT a FROM f4 WHERE f4 MATCH 'x'`, "x"},
		{"fts5", `CREATE VIRTUAL TABLE f5 USING fts5(a); INSERT INTO f5 VALUES ('x y'); SELECT highlight(f5, 0, '<', '>') FROM f5('y')`, "x <y>"},
		{"json", `SELECT json_extract('{"a":[1,2]}', '$.a[1]') || ('{"b":3}' ->> 'b')`, "23"},
		{"rtree", `CREATE VIRTUAL TABLE r USING rtree(i,a,b); INSERT INTO r VALUES (1,2,3); SELECT i FROM r WHERE a > 1`, "1"},
		{"dbstat", `SELECT count(*) > 0 FROM dbstat`, "1"},
		{"math", `SELECT sqrt(16) + floor(1.5)`, "5"},
		{"soundex", `SELECT soundex('Robert') || soundex('Rupert') || soundex('Tymczak') || soundex('Pfister') || soundex('') || soundex(NULL) || soundex(' -x')`, "R163R163T522P236?000?000X000"},
		{"stat4", `SELECT sqlite_compileoption_used('ENABLE_STAT4') + sqlite_compileoption_used('ENABLE_COLUMN_METADATA')`, "2"},
		{"soundex in an index", `CREATE TABLE s(a); CREATE INDEX i ON s(soundex(a)); INSERT INTO s VALUES ('Ann'); SELECT a FROM s WHERE soundex(a) = 'A500'`, "Ann"},
		{"full text in a view and a trigger", `CREATE TABLE d(a); CREATE VIRTUAL TABLE x USING fts5(a);
			CREATE TRIGGER dx AFTER INSERT ON d BEGIN INSERT INTO x VALUES (new.a); END; CREATE VIEW v AS SELECT * FROM x;
			INSERT INTO d VALUES ('found'); SELECT a FROM v`, "found"},
		{"double-quoted text", `SELECT "just text"`, "just text"},
		{"foreign keys", `CREATE TABLE p(i INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p); INSERT INTO p VALUES (1); SELECT 'ok'`, "ok"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			if got := db.Must(rw, c.sql); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	db.Fails(rw, `INSERT INTO c VALUES (99)`, errs.SQL)
}
