//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// schema returns the description of a database, as it was sent.
func (db *testDB) schema() ([]byte, error) {
	var m enginetest.Memory
	err := db.Schema(engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Timeout: time.Minute}), &m)
	if (err == nil) != m.Done {
		db.T.Errorf("error %v, last write seen: %v", err, m.Done)
	}
	return m.Bytes(), err
}

// described returns the parsed description of a database.
func (db *testDB) described() daemonapi.Schema {
	db.T.Helper()
	raw, err := db.schema()
	if err != nil {
		db.T.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var s daemonapi.Schema
	if err := dec.Decode(&s); err != nil {
		db.T.Fatalf("%v: %.300s", err, raw)
	}
	var again bytes.Buffer
	enc := json.NewEncoder(&again)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		db.T.Fatal(err)
	}
	if got := strings.TrimSuffix(again.String(), "\n"); got != string(raw) {
		db.T.Errorf("not what query.Schema encodes to:\n got %s\nwant %s", raw, got)
	}
	return s
}

// rich is a database with one object of every kind.
const rich = `
CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE COLLATE NOCASE, age INT DEFAULT (1+2), name TEXT DEFAULT 'x''y') STRICT;
INSERT INTO users(email) VALUES ('a'), ('b'), ('c'); DELETE FROM users WHERE email = 'a';
CREATE TABLE pair(p, q, r VARCHAR(10) DEFAULT NULL, PRIMARY KEY(q, p), UNIQUE(r));
CREATE TABLE orders(id, user INTEGER REFERENCES users ON DELETE CASCADE, x, y, FOREIGN KEY(x, y) REFERENCES pair(p, q) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX busy ON orders(user DESC, id) WHERE x IS NOT NULL;
CREATE INDEX sums ON orders(x + y, id);
CREATE TABLE made(a INT, b INT GENERATED ALWAYS AS (a * 2), c TEXT AS (a || 'x') STORED);
INSERT INTO made(a) SELECT 7;
CREATE TABLE "we ird ""t"";DROP"("a b" TEXT, "c""d" BLOB, PRIMARY KEY("c""d", "a b")) WITHOUT ROWID;
CREATE TABLE "größe😀"(rowid TEXT, "_ROWID_" REAL); INSERT INTO "größe😀" VALUES ('z', 1);
CREATE TABLE hidden_rowid(rowid, oid, _rowid_); INSERT INTO hidden_rowid VALUES (1, 2, 3);
CREATE TABLE empty(x);
CREATE TABLE counted(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO counted VALUES ('a', 1), ('b', 2), ('c', 3); ANALYZE counted;
CREATE TABLE sparse(x); INSERT INTO sparse(rowid, x) VALUES (-9223372036854775808, 1), (5, 2), (9223372036854775807, 3);
CREATE TABLE sparse_counted(x); CREATE INDEX sc ON sparse_counted(x); INSERT INTO sparse_counted(rowid, x) VALUES (1, 1), (9223372036854775807, 3); ANALYZE sparse_counted;
CREATE TABLE grown(x); INSERT INTO grown VALUES (1); ANALYZE grown; INSERT INTO grown VALUES (1), (2), (3), (4);
CREATE VIRTUAL TABLE docs USING fts5(title, body);
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
CREATE VIEW adults(name, "how old") AS SELECT name, age FROM users WHERE age > 18;
CREATE VIEW broken AS SELECT * FROM no_such_table;
CREATE VIEW loop AS SELECT * FROM loop;
CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END;
`

func TestSchemaGolden(t *testing.T) {
	db := open(t)
	db.Must(rw, rich)
	got, err := json.MarshalIndent(db.described(), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := append(got, '\n'); !bytes.Equal(got, want) {
		t.Errorf("got %s", got)
	}
	if first, err := db.schema(); err != nil {
		t.Error(err)
	} else if second, err := db.schema(); err != nil || !bytes.Equal(first, second) {
		t.Errorf("asked twice: %s and %s, %v", first, second, err)
	}
	if got := db.Must(rw, "SELECT count(*) FROM users"); got != "2" { // nothing is left behind
		t.Errorf("got %s", got)
	}
}

// S21: a database that was never written is empty, not missing.
func TestSchemaOfNothingS21(t *testing.T) {
	db := open(t)
	raw, err := db.schema()
	if err != nil || string(raw) != `{"tables":[],"views":[]}` {
		t.Errorf("got %s, %v", raw, err)
	}
	if _, err := os.Stat(db.Path); !os.IsNotExist(err) {
		t.Errorf("the file was made: %v", err)
	}
}

// A table whose module is missing here is still described.
func TestSchemaOfUnknownModule(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE a(x); CREATE TABLE z(x); CREATE VIRTUAL TABLE m USING fts5(x)")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(db.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(db.Path, bytes.ReplaceAll(b, []byte("USING fts5"), []byte("USING what")), 0o600); err != nil {
		t.Fatal(err)
	}
	db = open(t, func(o *engine.Options) { o.Path = db.Path })
	s := db.described()
	found := ""
	for _, tab := range s.Tables {
		if tab.Name == "m" {
			found = tab.Type + ": " + tab.Error
		}
	}
	if found != "virtual: no such module: what" {
		t.Errorf("got %q in %+v", found, s.Tables)
	}
}

// Many tables take neither quadratic time nor memory that grows with them.
func TestSchemaOfManyTables(t *testing.T) {
	db := open(t)
	const tables = 10_000
	long := strings.Repeat("-", 500)
	foreign(t, db.Path, // to create each would take minutes
		"CREATE TABLE first(id INTEGER PRIMARY KEY, a TEXT, b)", "CREATE INDEX first_a ON first(a)",
		fmt.Sprintf(`PRAGMA writable_schema = ON; WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < %d - 1),
			t(n) AS MATERIALIZED (SELECT printf('t%%05d', n) FROM c)
			INSERT INTO sqlite_schema SELECT 'table', n, n, 2, 'CREATE TABLE ' || n || '(id INTEGER PRIMARY KEY, a TEXT /*%s*/, b)' FROM t
			UNION ALL SELECT 'index', 'i' || n, n, 3, 'CREATE INDEX i' || n || ' ON ' || n || '(a)' FROM t`, tables, long))
	begin := time.Now()
	s := db.described()
	t.Logf("%d tables in %s", len(s.Tables), time.Since(begin))
	if len(s.Tables) != tables+1 || s.Tables[0].Name != "first" {
		t.Fatalf("%d tables, first %+v", len(s.Tables), s.Tables[0])
	}
	for i, tab := range s.Tables[1:] {
		if tab.Name != fmt.Sprintf("t%05d", i) || len(tab.Columns) != 3 || len(tab.Indexes) != 1 || !strings.Contains(tab.SQL, long) {
			t.Fatalf("table %d is %+v", i, tab)
		}
	}
	if used := db.spooled.Load(); used != 0 {
		t.Errorf("%d bytes are still held", used)
	}
}

// The number of rows is estimated without reading them.
func TestRowEstimateReadsNoRows(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE big(x); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300000) INSERT INTO big SELECT 'row ' || n FROM c; DELETE FROM big WHERE rowid <= 1000")
	s := db.described()
	if r := s.Tables[0].Rows; r == nil || *r != 299_000 {
		t.Errorf("estimate %v", r)
	}
	plan := db.Must(ro, "EXPLAIN QUERY PLAN SELECT (SELECT min(rowid) FROM main.big), (SELECT max(rowid) FROM main.big)")
	if strings.Count(plan, "SEARCH") != 2 {
		t.Errorf("planned as %s", plan)
	}
	if plan := db.Must(ro, "EXPLAIN QUERY PLAN "+strings.ReplaceAll(listSQL, "?1", "0")); !strings.Contains(plan, "USING AUTOMATIC") {
		t.Errorf("tables are listed by %s", plan)
	}
}

func TestSchemaStops(t *testing.T) {
	db := open(t)
	db.Must(rw, rich)
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Timeout: time.Minute})
	job.Cancel()
	if err := db.Schema(job, &enginetest.Memory{}); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("canceled: %v", err)
	}
	// Compiling a view of views of views takes all memory, or all time.
	db.Must(rw, "CREATE VIEW v0 AS SELECT 1 AS x")
	for i := 1; i < 25; i++ {
		db.Must(rw, fmt.Sprintf("CREATE VIEW v%d AS SELECT a.x FROM v%d a JOIN v%d b", i, i-1, i-1))
	}
	err := db.Schema(engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Timeout: 50 * time.Millisecond}), &enginetest.Memory{})
	if code := errs.CodeOf(err); code != errs.Timeout && code != errs.SQL {
		t.Errorf("views of views: %v", err)
	}
	if got := db.Must(ro, "SELECT count(*) FROM users"); got != "2" {
		t.Errorf("afterwards %s", got)
	}
}
