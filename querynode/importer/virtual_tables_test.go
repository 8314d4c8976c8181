//go:build cgo && (linux || darwin)

package importer

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

const searchable = `CREATE VIRTUAL TABLE ft USING fts5(a, b, prefix='2'); INSERT INTO ft VALUES ('hello world', 'x'), ('Müller', 'y''s');
	CREATE VIRTUAL TABLE f4 USING fts4(a); INSERT INTO f4 VALUES ('one two');
	CREATE VIRTUAL TABLE rt USING rtree(id, x0, x1, +note); INSERT INTO rt VALUES (1, 2, 3, 'n'), (2, 5, 6, NULL);
	WITH RECURSIVE c(n) AS (SELECT 10 UNION ALL SELECT n+1 FROM c WHERE n < 300) INSERT INTO rt SELECT n, n, n+1, 'more' FROM c;
	CREATE VIRTUAL TABLE "odd 'n"" name" USING fts5(c, content=''); INSERT INTO "odd 'n"" name"(rowid, c) VALUES (3, 'zz');
	CREATE TABLE plain(id INTEGER PRIMARY KEY, t TEXT); INSERT INTO plain VALUES (7, 'seven');
	CREATE VIRTUAL TABLE ext USING fts5(t, content=plain, content_rowid=id); INSERT INTO ext(ext) VALUES ('rebuild');
	CREATE VIRTUAL TABLE blank USING fts5(x);
	CREATE TRIGGER tr AFTER INSERT ON plain BEGIN INSERT INTO ext(rowid, t) VALUES (new.id, new.t); END;`

// A dump of sqlite3's own shell brings virtual tables in, and they work.
func TestDumpOfTheShell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	for _, sql := range []string{searchable, "INSERT INTO ft VALUES ('and\nmore', 'it''s')"} {
		if out, err := exec.Command("sqlite3", path, sql).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	dump, err := exec.Command("sqlite3", path, ".dump").Output()
	if err != nil {
		t.Fatal(err)
	}
	w := start(t)
	w.must(string(dump), daemonapi.ImportOptions{Format: daemonapi.TransferSQL})
	if got := w.rows("PRAGMA integrity_check"); got != "ok" {
		t.Errorf("integrity_check: %s", got)
	}
	for sql, want := range map[string]string{
		"SELECT rowid, b FROM ft('muller OR world') ORDER BY 1":                  "1|x 2|y's",
		"SELECT rowid FROM ft('more')":                                           "3",
		"SELECT a FROM f4 WHERE f4 MATCH 'two'":                                  "one two",
		"SELECT id, note FROM rt WHERE x0 > 4 AND x1 < 8":                        "2|NULL",
		"SELECT count(*) FROM rt WHERE x1 > 100":                                 "201",
		`SELECT rowid FROM "odd 'n"" name"('zz')`:                                "3",
		"SELECT t FROM ext('seven')":                                             "seven",
		"INSERT INTO ft VALUES ('new', ''); SELECT rowid FROM ft('new')":         "4",
		"INSERT INTO rt VALUES (9999, 1, 1, 'k'); SELECT count(*) FROM rt":       "294",
		"INSERT INTO plain VALUES (8, 'eight'); SELECT rowid FROM ext('ei*')":    "8",
		"INSERT INTO blank VALUES ('q'); SELECT * FROM blank('q')":               "q",
		"INSERT INTO ft(ft) VALUES ('integrity-check'); SELECT rtreecheck('rt')": "ok",
	} {
		if got := w.rows(sql); got != want {
			t.Errorf("%s: %s", sql, got)
		}
	}
	// Shadow tables are read-only again.
	if _, err := w.try("DELETE FROM ft_data;", daemonapi.ImportOptions{Format: daemonapi.TransferSQL}); err == nil || !strings.Contains(err.Error(), "may not be modified") {
		t.Errorf("told %v", err)
	}
}

// Dumps of a virtual table without rows, and dumps that are cut off.
func TestDumpWithoutRows(t *testing.T) {
	w := start(t)
	w.must("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nPRAGMA writable_schema=ON;\n"+
		"INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','f','f',0,'CREATE VIRTUAL TABLE f USING fts5(x)');\n"+
		"CREATE TABLE IF NOT EXISTS 'f_data'(id INTEGER PRIMARY KEY, block BLOB);\nPRAGMA writable_schema=OFF;\nCOMMIT;\n", daemonapi.ImportOptions{Format: daemonapi.TransferSQL})
	if got := w.rows("INSERT INTO f VALUES ('a b'); SELECT x FROM f('b')"); got != "a b" {
		t.Errorf("got %s", got)
	}
	if _, err := w.try("INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','g','g',0,'CREATE VIRTUAL TABLE g USING spellfix1');", daemonapi.ImportOptions{Format: daemonapi.TransferSQL}); err == nil || !strings.Contains(err.Error(), "Line 1: no such module: spellfix1") {
		t.Errorf("told %v", err)
	}
}
