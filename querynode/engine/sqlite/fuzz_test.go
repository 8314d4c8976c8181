//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// The lexer terminates, consumes each byte once, and recognizes VACUUM INTO in
// any disguise.
func FuzzLexer(f *testing.F) {
	for _, s := range []string{
		"", ";;", "-- x\nVACUUM", "/*", "/* x */ vacuum main into 'y'", "\xEF\xBB\xBFselect 1", `VACUUM "a""b" INTO 'x'`, "VACUUM [into]", "VACUUM 'open",
		"explain query plan pragma x", "vacuum/**/`a` /* ; */ into/**/(select 1)", "\vvacuum", "vacuum\x00into 'x'", "é into",
	} {
		f.Add(s)
	}
	db := open(f)
	f.Fuzz(func(t *testing.T, sql string) {
		for rest := sql; rest != ""; {
			word, after := token(rest)
			if len(after) >= len(rest) || !strings.HasSuffix(rest, after) || !strings.Contains(rest, word) {
				t.Fatalf("%q: the token %q leaves %q", rest, word, after)
			}
			rest = after
		}
		if again := skip(skip(sql)); again != skip(sql) {
			t.Fatalf("%q: skipped to %q and then to %q", sql, skip(sql), again)
		}
		if _, into := vacuum(sql); into && !strings.Contains(strings.ToUpper(sql), "INTO") {
			t.Fatalf("%q writes no file", sql)
		}
		// The authorizer does not distinguish VACUUM from VACUUM INTO, so a
		// missed one would create a file.
		if is, _ := vacuum(sql); is {
			db := db.in(t)
			_, _ = db.Try(rw, sql)
			onlyOwnFiles(t, db)
		}
	})
}

func onlyOwnFiles(t *testing.T, db *testDB) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(db.Path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range files {
		if name, ok := strings.CutPrefix(e.Name(), "data.sqlite"); !ok || name != "" && name != "-wal" && name != "-shm" {
			t.Fatalf("there is a file %q", e.Name())
		}
	}
}

const fuzzSchema = `CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB CHECK(length(c) < 100000)); CREATE INDEX i ON t(b);
	CREATE TABLE u(x REFERENCES t(a), y GENERATED ALWAYS AS (x+1)); CREATE VIEW v AS SELECT * FROM t JOIN u ON a = x;
	CREATE TRIGGER g AFTER INSERT ON u BEGIN UPDATE t SET b = b || 'g' WHERE a = new.x; END;
	CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('one two'); CREATE VIRTUAL TABLE r USING rtree(i,a,b); INSERT INTO r VALUES (1,0,2);
	INSERT INTO t VALUES (1,'one',x'00ff'),(2,NULL,NULL),(3,'three',zeroblob(10)); INSERT INTO u(x) VALUES (1),(3)`

// For any SQL of a tenant, the answer is complete or an error without
// internals. A reader changes no data, no file appears, and the next caller
// finds the connection unchanged.
func FuzzSQL(f *testing.F) {
	for i, s := range []string{
		"SELECT * FROM t", "SELECT 1; SELECT b, c, a*1.5 FROM v", "INSERT INTO u(x) VALUES (2) RETURNING *", "BEGIN; DELETE FROM u; SAVEPOINT s; ROLLBACK TO s; COMMIT",
		"PRAGMA foreign_keys=OFF; DELETE FROM t", "CREATE TEMP TABLE t(z); SELECT * FROM t", "ATTACH '/tmp/x' AS x", "VACUUM; VACUUM INTO 'y'", "PRAGMA writable_schema=1; DELETE FROM sqlite_schema",
		"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT n FROM c LIMIT 50", "SELECT * FROM f WHERE f MATCH 'one OR two*'", "INSERT INTO f(f) VALUES ('optimize')",
		"SELECT json_each.value, typeof(value) FROM json_each('[1,\"x\",null,{}]')", "SELECT 9e999, -9e999, x'ff', 'a\x00b', '\xff'", "ALTER TABLE t ADD COLUMN d DEFAULT 5; ALTER TABLE u RENAME TO w", "EXPLAIN QUERY PLAN SELECT * FROM v",
		"SELECT max(a) OVER (ORDER BY b ROWS 1 PRECEDING) FROM t", "REINDEX; ANALYZE; PRAGMA optimize", "SELECT load_extension('x'), fts3_tokenizer('x')", "PRAGMA table_info(t); SELECT * FROM pragma_database_list", "UPDATE sqlite_dbpage SET data=x''",
		"SELECT printf('%*d', 9999, 1), group_concat(b), randomblob(9)", "BEGIN IMMEDIATE; INSERT INTO u(x) VALUES (99)", "DROP TABLE t; CREATE TABLE t(a)", "SELECT * FROM dbstat, sqlite_stmt",
	} {
		f.Add(s, uint8(i))
	}
	dir := f.TempDir()
	seed := filepath.Join(dir, "seed")
	first := openAt(f, dir, "seed.sqlite")
	first.Must(rw, fuzzSchema)
	if err := first.Close(); err != nil {
		f.Fatal(err)
	}
	if err := os.Rename(first.Path, seed); err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sql string, how uint8) {
		place := t.TempDir()
		if err := os.WriteFile(filepath.Join(place, "data.sqlite"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		db := openAt(t, place, "data.sqlite")
		defer func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}()
		o := engine.JobOptions{Mode: rw, Format: daemonapi.Format(1 + how/2%4), Timeout: 100 * time.Millisecond, ResultBytes: int64(how/64) * 1000}
		if how%2 == 0 {
			o.Mode = ro
		}
		b := enginetest.Script(sql)
		b.Atomic = how/8%2 == 0
		b.Script = how/16%2 == 0
		var m enginetest.Memory
		err := db.Run(engine.NewJob(b, o), &m)
		checkAnswer(t, db, o, &m, err)
		checkAfter(t, db, o, content)
	})
}

// openAt opens a small database with its own temporary files.
func openAt(t testing.TB, dir, name string) *testDB {
	t.Helper()
	temp := t.TempDir()
	o := engine.Options{Path: filepath.Join(dir, name), TempDir: temp, HeapBytes: 16 << 20, DatabaseBytes: 4 << 20}
	db, err := openDB(o)
	if err != nil {
		t.Fatal(err)
	}
	return &testDB{db, enginetest.NewChecks(t, db, o)}
}

func checkAnswer(t *testing.T, db *testDB, o engine.JobOptions, m *enginetest.Memory, err error) {
	t.Helper()
	if err != nil {
		switch errs.CodeOf(err) {
		case errs.SQL, errs.ReadOnly, errs.Timeout, errs.Full, errs.TooLarge, errs.Invalid:
		default:
			t.Fatalf("failed with %s: %v", errs.CodeOf(err), err)
		}
		if msg := errs.Public(err).Message; msg == "" || strings.Contains(msg, filepath.Dir(db.Path)) {
			t.Fatalf("the message is %q", msg)
		}
		return
	}
	if !m.Done {
		t.Fatal("neither an answer nor an error")
	}
	documents := [][]byte{m.Bytes()}
	switch o.Format {
	case daemonapi.FormatCSV:
		return
	case daemonapi.FormatNDJSON:
		documents = bytes.Split(bytes.TrimSuffix(m.Bytes(), []byte("\n")), []byte("\n"))
	}
	for _, d := range documents {
		if !json.Valid(d) {
			t.Fatalf("no JSON: %q", d)
		}
	}
}

// checkAfter checks the state for the next callers.
func checkAfter(t *testing.T, db *testDB, o engine.JobOptions, content []byte) {
	t.Helper()
	onlyOwnFiles(t, db)
	if o.Mode == ro {
		now, err := os.ReadFile(db.Path)
		if err != nil {
			t.Fatal(err)
		}
		if wal, err := os.Stat(db.Path + "-wal"); !bytes.Equal(now, content) || err == nil && wal.Size() > 0 {
			t.Fatal("a reader has changed the file")
		}
	}
	const state = "SELECT (SELECT count(*) FROM sqlite_temp_schema) || ' ' || foreign_keys || ' ' || journal_mode || ' ' || synchronous || ' ' || trusted_schema || ' ' || max_page_count FROM pragma_foreign_keys, pragma_journal_mode, pragma_synchronous, pragma_trusted_schema, pragma_max_page_count"
	size := "1024"
	for _, mode := range []string{"writer", "reader"} {
		level := rw
		if mode == "reader" {
			level = ro
		}
		out, err := db.Try(level, state)
		if err != nil {
			t.Fatalf("the next %s: %v", mode, err)
		}
		if got := enginetest.Flatten(t, out); got != "0 1 wal 2 0 "+size {
			t.Fatalf("the next %s finds %s", mode, got)
		}
	}
	if out, err := db.Try(rw, "UPDATE sqlite_sequence SET seq = seq; PRAGMA quick_check"); err == nil && enginetest.Flatten(t, out) != "ok" {
		t.Fatalf("the database is damaged: %s", out)
	}
	if _, err := db.Try(rw, "ATTACH '' AS x"); err == nil {
		t.Fatal("files can be attached")
	}
}
