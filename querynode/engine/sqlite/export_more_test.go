//go:build cgo && (linux || darwin)

package sqlite

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Virtual tables are created again and filled. Rowids stay, because a full-text
// table may refer to another table by rowid.
func TestExportSQLVirtualTables(t *testing.T) {
	db := open(t)
	for _, sql := range []string{
		`CREATE VIRTUAL TABLE f5 USING fts5(title, body)`, `INSERT INTO f5(rowid, title, body) VALUES (7, 'A', 'fox'), (9, 'B', 'dog')`,
		`CREATE VIRTUAL TABLE f4 USING fts4(x)`, `INSERT INTO f4(docid, x) VALUES (3, 'fox')`,
		`CREATE TABLE doc(body)`, `INSERT INTO doc(rowid, body) VALUES (5, 'a cat'), (50, 'a cow')`,
		`CREATE VIRTUAL TABLE ext USING fts5(body, content='doc')`, `INSERT INTO ext(rowid, body) SELECT rowid, body FROM doc`,
		`CREATE VIRTUAL TABLE none USING fts5(body, content='')`, `INSERT INTO none(rowid, body) VALUES (1, 'lost')`,
		`CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, +note)`, `INSERT INTO box VALUES (4, 0.1, 2.5, 'here')`,
		`CREATE VIRTUAL TABLE words USING fts5vocab(f5, row)`,
		`CREATE TRIGGER doc_ai AFTER INSERT ON doc BEGIN INSERT INTO ext(rowid, body) VALUES (new.rowid, new.body); END`,
	} {
		db.Must(rw, sql)
	}
	script := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "")
	for name, got := range map[string]*testDB{"here": loaded(t, script), "sqlite3": shell(t, script)} {
		for sql, want := range map[string]string{
			"SELECT rowid FROM f5 WHERE f5 MATCH 'dog'":                              "9",
			"SELECT rowid FROM f4 WHERE f4 MATCH 'fox'":                              "3",
			"SELECT rowid, body FROM ext WHERE ext MATCH 'cow'":                      "50|a cow",
			"SELECT note FROM box WHERE id = 4 AND x0 BETWEEN 0.09 AND 0.11":         "here",
			"SELECT group_concat(term) FROM words":                                   "a,b,dog,fox",
			"SELECT count(*) FROM none":                                              "0",
			"SELECT integrity_check FROM pragma_integrity_check":                     "ok",
			"SELECT count(*) FROM sqlite_schema WHERE name = 'doc_ai' AND sql <> ''": "1",
		} {
			if out, err := got.Try(ro, sql); err != nil || enginetest.Flatten(t, out) != want {
				t.Errorf("%s: %s: %.200s, %v", name, sql, out, err)
			}
		}
	}
	// A remark about lost rows stands before their table in the script, and in
	// the remarks.
	if !strings.Contains(script, "it keeps no text.\nCREATE VIRTUAL TABLE none USING") {
		t.Error("what is lost is not told in its place")
	}
	var out enginetest.Memory
	if err := db.Export(enginetest.ExportJob(), daemonapi.ExportOptions{Format: daemonapi.TransferSQL, Remarks: true}, "", &out); err != nil {
		t.Fatal(err)
	}
	if _, remark, ok := strings.Cut(out.String(), "\x00"); !ok || remark != `["The rows of the table none are not exported: it keeps no text"]` {
		t.Errorf("remarks %q", remark)
	}
}

// The statistics of ANALYZE are exported, and a user's table with that name
// does no harm.
func TestExportSQLStatistics(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1), (1), (2); ANALYZE")
	script := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "")
	for _, other := range []*testDB{loaded(t, script), shell(t, script)} {
		if got := other.Must(ro, "SELECT tbl, idx, stat FROM sqlite_stat1"); got != "t|i|3 2" {
			t.Errorf("got %s", got)
		}
	}
}

func TestExportSQLOfCorpus(t *testing.T) {
	const corpus = "../../../tests/corpus"
	list, err := filepath.Glob(filepath.Join(corpus, "*.sql"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, path := range list {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		db := open(t)
		for entry := range strings.SplitSeq(string(text), "\n\n") {
			_ = db.Run(enginetest.SQLJob(entry, rw, time.Minute), &enginetest.Memory{}) // some are meant to fail
		}
		rounds(t, filepath.Base(path), db)
	}
}

func TestObjectsAreJSON(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t("q""\/", b); INSERT INTO t VALUES (1, 'é"'), (9e999, X'00'), (-0.0, CAST(X'ff' AS TEXT))`)
	var rows []map[string]any
	if err := json.Unmarshal([]byte(db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferJSON}, "")), &rows); err != nil || len(rows) != 3 {
		t.Fatalf("%v, %v", rows, err)
	}
	if rows[0][`q"\/`] != 1.0 {
		t.Errorf("got %v", rows[0])
	}
}

func TestOnlyStatement(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"CREATE TABLE t(a)":      "CREATE TABLE t(a)",
		"CREATE TABLE t(a);":     "CREATE TABLE t(a)",
		"CREATE TABLE t(a) ; x":  "CREATE TABLE t(a)",
		"CREATE TABLE t(a) -- x": "CREATE TABLE t(a)",
		"CREATE TABLE t(a) /* x": "CREATE TABLE t(a)",
		"CREATE TABLE t(a /* ; */, b DEFAULT ';', \";\", [;], `;`) -- ;\n; DROP":                       "CREATE TABLE t(a /* ; */, b DEFAULT ';', \";\", [;], `;`)",
		"CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT ';END;' ; END":                                "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT ';END;' ; END",
		"create temp trigger t BEGIN SELECT CASE 1 WHEN 2 THEN 3 END; SELECT 1; /* ; */ end; .shell x": "create temp trigger t BEGIN SELECT CASE 1 WHEN 2 THEN 3 END; SELECT 1; /* ; */ end",
		"CREATE TABLE trigger(a);\n.shell":                                                             "CREATE TABLE trigger(a)",
		"CREATE VIEW \"trigger\" AS SELECT 1;END":                                                      "CREATE VIEW \"trigger\" AS SELECT 1",
	} {
		if got := onlyStatement(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
