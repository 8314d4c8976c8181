//go:build cgo && (linux || darwin)

package importer

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const family = "CREATE TABLE p(id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) ON DELETE CASCADE ON UPDATE CASCADE);" +
	"INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO c VALUES (10, 1), (11, 2);"

// Dumps have tables in any order: foreign keys are checked at the end.
func TestKeysAreCheckedAtTheEnd(t *testing.T) {
	for name, script := range map[string]string{
		"child first": "BEGIN TRANSACTION;\nCREATE TABLE area(id INTEGER PRIMARY KEY, z INTEGER REFERENCES zone(id));\nINSERT INTO area VALUES(1,5);\n" +
			"CREATE TABLE zone(id INTEGER PRIMARY KEY);\nINSERT INTO zone VALUES(5);\nCOMMIT;\n",
		"D1": "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE area(id INTEGER PRIMARY KEY, z INTEGER REFERENCES zone(id));\nINSERT INTO area VALUES(1,5);\n" +
			"CREATE TABLE zone(id INTEGER PRIMARY KEY);\nINSERT INTO zone VALUES(5);\n",
		"rebuilt": "CREATE TABLE zone(id INTEGER PRIMARY KEY);\nCREATE TABLE area(id INTEGER PRIMARY KEY, z REFERENCES zone ON DELETE CASCADE);\n" +
			"INSERT INTO zone VALUES (5); INSERT INTO area VALUES (1, 5);\nCREATE TABLE n(id INTEGER PRIMARY KEY, v TEXT);\nINSERT INTO n SELECT id, NULL FROM zone;\nDROP TABLE zone;\nALTER TABLE n RENAME TO zone;\n",
	} {
		w := start(t)
		r := w.must(script, daemonapi.ImportOptions{Format: daemonapi.TransferSQL})
		if got := w.rows("SELECT z, zone.id FROM area JOIN zone ON z = zone.id"); got != "5|5" || len(r.Notes) != 0 {
			t.Errorf("%s: %s, %v", name, got, r.Notes)
		}
		if got := w.rows("PRAGMA foreign_keys"); got != "1" {
			t.Errorf("%s: foreign keys are %s", name, got)
		}
	}
	w := start(t)
	w.rows("CREATE TABLE t(id INTEGER PRIMARY KEY, boss REFERENCES t(id))")
	if r := w.must("id,boss\n1,3\n2,1\n3,\n", daemonapi.ImportOptions{Mode: "append"}); r.Rows != 3 || w.rows("SELECT count(*) FROM t JOIN t AS b ON b.id = t.boss") != "2" {
		t.Errorf("%+v", r)
	}
}

// A replace of a referenced table changes no other table: no foreign key action
// runs.
func TestReplaceLeavesChildrenAlone(t *testing.T) {
	for name, data := range map[string]string{"equal columns": "id,name\n2,B\n1,A\n3,C\n", "other columns": "id,other\n2,B\n1,A\n3,C\n"} {
		w := start(t)
		w.rows(family)
		w.must(data, daemonapi.ImportOptions{Table: "p", Mode: "replace"})
		if got := w.rows("SELECT c.*, p.* FROM c JOIN p ON p = p.id ORDER BY 1"); got != "10|1|1|A 11|2|2|B" {
			t.Errorf("%s: %s", name, got)
		}
		w.rows("DELETE FROM p WHERE id = 1")
		if got := w.rows("SELECT id FROM c"); got != "11" {
			t.Errorf("%s: the key acts no more: %s", name, got)
		}
	}
	w := start(t)
	w.rows(family)
	_, err := w.try("id,name\n1,A\n", daemonapi.ImportOptions{Table: "p", Mode: "replace"})
	if want := `FOREIGN KEY constraint failed: row 11 of c has p 2, which is missing in p; nothing was imported`; !errs.Is(err, errs.SQL) || errs.Public(err).Message != want {
		t.Errorf("told %v", err)
	}
	if got := w.rows("SELECT group_concat(name) FROM p"); got != "a,b" {
		t.Errorf("left behind: %s", got)
	}
	if _, err := w.try("DELETE FROM p;", daemonapi.ImportOptions{Format: daemonapi.TransferSQL}); !errs.Is(err, errs.SQL) || !strings.Contains(errs.Public(err).Message, `row 10 of c has p 1, which is missing in p; row 11`) {
		t.Errorf("told %v", err)
	}
}

// Foreign keys that were violated before do not fail an import. A dump that
// disables foreign keys is imported as sqlite3 does it, with a remark.
func TestDanglingBefore(t *testing.T) {
	w := start(t)
	r := w.must("PRAGMA foreign_keys=OFF;\n"+family+"INSERT INTO c VALUES (12, 77), (13, 78), (14, 79), (15, 80);", daemonapi.ImportOptions{Format: daemonapi.TransferSQL})
	if want := `The data leaves foreign keys unchecked, and some do not hold: row 12 of c has p 77, which is missing in p; row 13`; len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], want) || !strings.HasSuffix(r.Notes[0], "; and 1 more") {
		t.Errorf("noted %v", r.Notes)
	}
	if r := w.must("id,p\n20,1\n", daemonapi.ImportOptions{Table: "c", Mode: "append"}); r.Rows != 1 || len(r.Notes) != 0 {
		t.Errorf("%+v", r)
	}
	if _, err := w.try("id,p\n21,99\n", daemonapi.ImportOptions{Table: "c", Mode: "append"}); !errs.Is(err, errs.SQL) {
		t.Errorf("told %v", err)
	}
}

// With on_error=skip, each row that violates a key is reported.
func TestKeysRowByRow(t *testing.T) {
	w := start(t)
	w.rows(family)
	r := w.must("id,p\n20,1\n21,99\n22,2\n", daemonapi.ImportOptions{Table: "c", Mode: "append", OnError: "skip"})
	if r.Rows != 2 || r.Skipped != 1 || r.Bad[0].Line != 3 || !strings.Contains(r.Bad[0].Message, "FOREIGN KEY") {
		t.Errorf("%+v", r)
	}
	if r := w.must("id,p\n30,98\n31,99\n", daemonapi.ImportOptions{Table: "c", Mode: "append", DryRun: true}); len(r.Bad) != 2 {
		t.Errorf("%+v", r)
	}
	w.must("id,name\n1,A\n2,B\n", daemonapi.ImportOptions{Table: "p", Mode: "replace", OnError: "skip"})
	if got := w.rows("SELECT count(*) FROM c"); got != "4" {
		t.Errorf("%s children", got)
	}
}

// A foreign key without a usable parent is reported, and other keys are still
// checked, also in tables without row ids.
func TestUnusableKeys(t *testing.T) {
	w := start(t)
	r := w.must("CREATE TABLE a(x); CREATE TABLE b(y REFERENCES a(x)); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);", daemonapi.ImportOptions{Format: daemonapi.TransferSQL})
	if len(r.Notes) != 1 || r.Notes[0] != `A foreign key cannot be used: foreign key mismatch - "b" referencing "a"` {
		t.Errorf("noted %v", r.Notes)
	}
	_, err := w.try("CREATE TABLE k(n PRIMARY KEY REFERENCES a(rowid)) WITHOUT ROWID; CREATE TABLE l(n PRIMARY KEY REFERENCES nowhere) WITHOUT ROWID; INSERT INTO l VALUES (7);", daemonapi.ImportOptions{Format: daemonapi.TransferSQL})
	if !errs.Is(err, errs.SQL) || !strings.Contains(errs.Public(err).Message, `a row of l has no parent row in nowhere for its n`) {
		t.Errorf("told %v", err)
	}
}

// A replace with other columns keeps the parts that still apply, and reports
// the others.
func TestReplaceByOtherColumns(t *testing.T) {
	w := start(t)
	w.rows(family)
	w.rows(`CREATE TABLE log(what); CREATE TABLE t(id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id) ON DELETE SET NULL, old TEXT, a, b, UNIQUE(a, b), UNIQUE(old));
		CREATE INDEX by_p ON t(p); CREATE UNIQUE INDEX by_old ON t(old);
		CREATE TRIGGER kept AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.p); END;
		CREATE TRIGGER gone AFTER DELETE ON t BEGIN INSERT INTO log VALUES ('bye ' || old.old); END;
		CREATE VIEW olds AS SELECT old FROM t; CREATE VIEW ids AS SELECT id FROM t; CREATE VIEW wrong AS SELECT nonsense FROM t;
		CREATE TABLE other(x); CREATE TRIGGER copies AFTER INSERT ON other BEGIN INSERT INTO t(old) VALUES (new.x); END;
		INSERT INTO t VALUES (1, 1, 'x', 1, 2)`)
	r := w.must("id,p,a,b,fresh\n5,1,7,8,9\n6,2,7,9,9\n", daemonapi.ImportOptions{Table: "t", Mode: "replace"})
	want := "The table was created again, because its columns differ, without: UNIQUE (old); NOT NULL; index by_old (no such column: old); trigger gone (no such column: old.old)"
	broken := "These objects no longer work, because they use removed columns: view olds (no such column: old); the triggers of other (table t has no column named old)"
	if len(r.Notes) != 2 || r.Notes[0] != broken || r.Notes[1] != want {
		t.Errorf("noted %q", r.Notes)
	}
	if got := w.rows("SELECT * FROM log"); got != "1 bye x 1 2" {
		t.Errorf("the triggers saw %s", got)
	}
	if got := w.rows("SELECT count(*) FROM sqlite_schema WHERE tbl_name = 't' AND name IN ('t', 'by_p', 'kept')"); got != "3" {
		t.Errorf("%s of three are there", got)
	}
	w.rows("DELETE FROM p WHERE id = 2")
	if got := w.rows("SELECT id, p FROM t ORDER BY id"); got != "5|1 6|NULL" {
		t.Errorf("the key acts as %s", got)
	}
	for _, sql := range []string{"id,p,a,b,fresh\n5,1,1,1,1\n", "id,p,a,b,fresh\n7,1,7,8,1\n", "id,p,a,b,fresh\n7,99,1,1,1\n"} {
		if _, err := w.try(sql, daemonapi.ImportOptions{Table: "t", Mode: "append"}); !errs.Is(err, errs.SQL) {
			t.Errorf("%q is taken: %v", sql, err)
		}
	}
}
