//go:build cgo && (linux || darwin)

package sqlite

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestExportRows(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a, "b ""c", d AS (a * 2)); INSERT INTO t VALUES (1, 'x,y'), (NULL, ''), (2.5, X'00ff'), (9007199254740993, 'é
z')`)
	db.Must(rw, `CREATE VIEW v AS SELECT a, 1 AS a, 2 AS a_2, a FROM t LIMIT 1; CREATE VIEW empty AS SELECT 1 AS x WHERE 0`)
	csv, doc, lines := daemonapi.TransferCSV, daemonapi.TransferJSON, daemonapi.TransferNDJSON
	for _, c := range []struct {
		o    daemonapi.ExportOptions
		sql  string
		want string
	}{
		{daemonapi.ExportOptions{Format: csv}, "", "\"a\",\"b \"\"c\",\"d\"\r\n1,\"x,y\",2\r\n,\"\",\r\n2.5,X'00FF',5.0\r\n9007199254740993,\"é\nz\",18014398509481986\r\n"},
		{daemonapi.ExportOptions{Format: csv, Table: "T"}, "", "\"a\",\"b \"\"c\",\"d\"\r\n1,\"x,y\",2\r\n,\"\",\r\n2.5,X'00FF',5.0\r\n9007199254740993,\"é\nz\",18014398509481986\r\n"},
		{daemonapi.ExportOptions{Format: lines, Table: "t"}, "", `{"a":1,"b \"c":"x,y","d":2}
{"a":null,"b \"c":"","d":null}
{"a":2.5,"b \"c":{"base64":"AP8="},"d":5.0}
{"a":{"integer":"9007199254740993"},"b \"c":"é\nz","d":{"integer":"18014398509481986"}}
`},
		{daemonapi.ExportOptions{Format: doc, Table: "v"}, "", "[\n{\"a\":1,\"a:1\":1,\"a_2\":2,\"a:2\":1}\n]\n"},
		{daemonapi.ExportOptions{Format: doc}, "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a, 5 AS a_2;", "[\n{\"a\":1,\"a_3\":2,\"a_2\":3,\"a_4\":4,\"a_2_2\":5}\n]\n"},
		{daemonapi.ExportOptions{Format: doc}, "SELECT a FROM t WHERE a < 3 ORDER BY a -- two", "[\n{\"a\":1},\n{\"a\":2.5}\n]\n"},
		{daemonapi.ExportOptions{Format: doc, Table: "empty"}, "", "[]\n"},
		{daemonapi.ExportOptions{Format: lines, Table: "empty"}, "", ""},
		{daemonapi.ExportOptions{Format: csv, Table: "empty"}, "", "\"x\"\r\n"},
		{daemonapi.ExportOptions{Format: csv}, "PRAGMA user_version", "\"user_version\"\r\n0\r\n"},
	} {
		if got := db.MustExport(c.o, c.sql); got != c.want {
			t.Errorf("%+v %s:\n%s\nwant\n%s", c.o, c.sql, got, c.want)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(a); CREATE TABLE u(a); CREATE VIEW broken AS SELECT * FROM missing")
	for _, c := range []struct {
		o    daemonapi.ExportOptions
		sql  string
		code errs.Code
		want string
	}{
		{daemonapi.ExportOptions{Format: "xml"}, "", errs.Invalid, "use sqlite, sql"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferTSV, Table: "t"}, "", errs.Invalid, "use sqlite, sql"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferSQLite, Table: "t"}, "", errs.Invalid, "whole database"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferSQLite}, "SELECT 1", errs.Invalid, "whole database"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "SELECT 1", errs.Invalid, "cannot be exported"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "t"}, "SELECT 1", errs.Invalid, "not of both"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "", errs.Invalid, "2 tables"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "x"}, "", errs.NotFound, "No table x"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "a\x00b"}, "", errs.NotFound, "No table"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferSQL, Table: "x"}, "", errs.NotFound, "No table x"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "sqlite_schema"}, "", errs.NotFound, "No table"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "broken"}, "", errs.SQL, "missing"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "-- nothing", errs.Invalid, "one statement that reads"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "SELECT 1; SELECT 2", errs.Invalid, "one statement that reads"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "INSERT INTO t VALUES (1) RETURNING a", errs.Invalid, "one statement that reads"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "BEGIN", errs.Invalid, "one statement that reads"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "PRAGMA foreign_keys=OFF", errs.Invalid, "one statement that reads"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "VACUUM INTO 'x'", errs.Invalid, "one statement that reads"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "ATTACH 'x' AS y", errs.SQL, "ATTACH"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "SELECT ?", errs.Invalid, "no parameters"},
		{daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "SELECT x", errs.SQL, "no such column"},
	} {
		_, err := db.TryExport(c.o, c.sql)
		if errs.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v %s: %v", c.o, c.sql, err)
		}
	}
	if got := db.Must(ro, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("an export has written %s rows", got)
	}
}

// Exports of a database that was never written are empty.
func TestExportOfNothingS21(t *testing.T) {
	db := open(t)
	got := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "")
	if want := "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nPRAGMA defer_foreign_keys=ON;\nCOMMIT;\nPRAGMA foreign_keys=ON;\n"; got != want {
		t.Errorf("got %s", got)
	}
	if _, err := db.TryExport(daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, ""); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "no tables") {
		t.Error(err)
	}
	other, err := received(t, []byte(db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQLite}, "")))
	if err != nil {
		t.Fatal(err)
	}
	if got := other.Must(ro, "SELECT count(*) FROM sqlite_schema"); got != "0" {
		t.Errorf("got %s", got)
	}
	if _, err := os.Stat(db.Path); err == nil {
		t.Error("an export has made the database")
	}
}

// loaded runs a script like an import.
func loaded(t *testing.T, script string) *testDB {
	t.Helper()
	db := open(t)
	db.Must(rw, script)
	return db
}

// shell runs a script with the sqlite3 program.
func shell(t *testing.T, script string) *testDB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shell.sqlite")
	cmd := exec.CommandContext(t.Context(), "sqlite3", "-batch", "-bail", path)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("sqlite3: %v: %.500s\n%.2000s", err, out, script)
	}
	return open(t, func(o *engine.Options) { o.Path = path })
}

// same compares all of one database with another.
func same(t *testing.T, name string, got, want *testDB) {
	t.Helper()
	const schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') AND name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
	if g, w := got.Must(ro, schema), want.Must(ro, schema); g != w {
		t.Errorf("%s: schema\n%s\nwant\n%s", name, g, w)
	}
	tables := strings.Fields(want.Must(ro, `SELECT hex(name) FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_s%'`))
	for _, hex := range tables {
		table := want.Must(ro, "SELECT CAST(X'"+hex+"' AS TEXT)")
		o := daemonapi.ExportOptions{Format: daemonapi.TransferNDJSON, Table: table}
		w, err := want.TryExport(o, "")
		if err != nil {
			t.Logf("%s: %s cannot be read: %v", name, table, err)
			continue
		}
		g, err := got.TryExport(o, "")
		if err != nil || g != w {
			t.Errorf("%s: table %s is\n%.2000s (%v), want\n%.2000s", name, table, g, err, w)
		}
	}
	const rest = "SELECT (SELECT group_concat(name || seq) FROM (SELECT * FROM %s ORDER BY name)), (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id)"
	sequence := "sqlite_sequence"
	if want.Must(ro, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'") == "0" {
		sequence = "(SELECT NULL AS name, NULL AS seq)"
	}
	if g, w := got.Must(ro, fmt.Sprintf(rest, sequence)), want.Must(ro, fmt.Sprintf(rest, sequence)); g != w {
		t.Errorf("%s: %s, want %s", name, g, w)
	}
}

// rounds exports a database as SQL and loads it again, here and with sqlite3.
func rounds(t *testing.T, name string, db *testDB) {
	t.Helper()
	script := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "")
	same(t, name+", here", loaded(t, script), db)
	same(t, name+", sqlite3", shell(t, script), db)
}

func TestExportSQLGolden(t *testing.T) {
	db := open(t)
	for _, sql := range []string{
		`PRAGMA user_version=7`, `PRAGMA application_id=-5`,
		`CREATE TABLE child(id INTEGER PRIMARY KEY AUTOINCREMENT, parent REFERENCES parent(id), g AS (id * 2), s TEXT AS (id || 'x') STORED)`,
		`CREATE TABLE parent(id PRIMARY KEY, "odd ""name""" TEXT) WITHOUT ROWID`,
		`CREATE INDEX i ON child(parent) WHERE parent > 0`,
		`CREATE VIEW v AS SELECT 'a;b' FROM child`,
		"CREATE TRIGGER tr AFTER INSERT ON child BEGIN UPDATE parent SET id = CASE WHEN 1 THEN id END; DELETE FROM parent WHERE 0; END",
		`INSERT INTO parent VALUES (1, 'it''s'), (2.0, NULL)`,
		`INSERT INTO child(parent) VALUES (1), (2)`, `DELETE FROM child WHERE id = 2`,
		`INSERT INTO parent VALUES (9e999, X'00ff'), (-9e999, ''), (-9223372036854775808, CAST(X'6100ff' AS TEXT)), ('', 'a
b'), (X'', char(13))`,
	} {
		db.Must(rw, sql)
	}
	const want = `PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
PRAGMA defer_foreign_keys=ON;
PRAGMA application_id=-5;
PRAGMA user_version=7;
CREATE TABLE child(id INTEGER PRIMARY KEY AUTOINCREMENT, parent REFERENCES parent(id), g AS (id * 2), s TEXT AS (id || 'x') STORED);
INSERT INTO "child"("id","parent") VALUES
(1,1);
DELETE FROM sqlite_sequence WHERE name='child';
INSERT INTO "sqlite_sequence"(name,seq) VALUES
('child',2);
CREATE TABLE parent(id PRIMARY KEY, "odd ""name""" TEXT) WITHOUT ROWID;
INSERT INTO "parent"("id","odd ""name""") VALUES
(-9e999,''),
(-9223372036854775808,CAST(X'6100FF' AS TEXT)),
(1,'it''s'),
(2.0,NULL),
(9e999,X'00FF'),
('','a
b'),
(X'',CAST(X'0D' AS TEXT));
CREATE INDEX i ON child(parent) WHERE parent > 0;
CREATE VIEW v AS SELECT 'a;b' FROM child;
CREATE TRIGGER tr AFTER INSERT ON child BEGIN UPDATE parent SET id = CASE WHEN 1 THEN id END; DELETE FROM parent WHERE 0; END;
COMMIT;
PRAGMA foreign_keys=ON;
`
	if got := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, ""); got != want {
		t.Errorf("got\n%s", got)
	}
	rounds(t, "golden", db)
	const child = `CREATE TABLE child(id INTEGER PRIMARY KEY AUTOINCREMENT, parent REFERENCES parent(id), g AS (id * 2), s TEXT AS (id || 'x') STORED);
INSERT INTO "child"("id","parent") VALUES
(1,1);
DELETE FROM sqlite_sequence WHERE name='child';
INSERT INTO "sqlite_sequence"(name,seq) VALUES
('child',2);
CREATE INDEX i ON child(parent) WHERE parent > 0;
CREATE TRIGGER tr `
	if got := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL, Table: "CHILD"}, ""); !strings.Contains(got, child) || strings.Contains(got, "parent(id PRIMARY") || strings.Contains(got, "VIEW") {
		t.Errorf("a table:\n%s", got)
	}
	if got := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL, Table: "v"}, ""); !strings.Contains(got, "ON;\nCREATE VIEW v AS SELECT 'a;b' FROM child;\nCOMMIT") {
		t.Errorf("a view:\n%s", got)
	}
}

// Every value comes back bit for bit.
func TestExportSQLValues(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE v(n INTEGER PRIMARY KEY, a, r REAL, t TEXT)")
	random := rand.New(rand.NewPCG(1, 2))
	var texts []string
	floats := []float64{math.Copysign(0, -1), 0, math.SmallestNonzeroFloat64, math.MaxFloat64, 1e21, 1e22, 1e-6, 1e-7, 0.1, 1.0 / 3, 1 << 53, 1e15}
	for range 3000 {
		floats = append(floats, random.NormFloat64()*math.Pow(10, float64(random.IntN(400)-200)))
	}
	for _, f := range floats {
		texts = append(texts, fmt.Sprintf("(%[1]v,%[1]v,NULL)", fmt.Sprintf("%.17e", f)))
	}
	db.Must(rw, "INSERT INTO v(a, r, t) VALUES "+strings.Join(texts, ","))
	nasty := []string{"", "'", "''", "a\nb", "a\r\nb", "\r", "\n.shell touch owned\n", "\n/\n", "\ngo\n", "-- x", "/* x", ";", "\x00", "a\x00b", "\xff", "a\xc3", "é😀", "\ufeff", "%s", "\\n", "X'00'", "NULL", "\u2028", "\x1a", strings.Repeat("it's\n", 40_000)}
	for _, s := range nasty {
		db.Must(rw, fmt.Sprintf("INSERT INTO v(a, t) VALUES (X'%x', CAST(X'%x' AS TEXT)), (CAST(X'%x' AS TEXT), NULL)", s, s, s))
	}
	rounds(t, "values", db)
}

// A name, a text or hidden text in a schema cannot end its statement in an
// exported script.
func TestExportSQLOfHostileSchema(t *testing.T) {
	const name = "\"a b\n.shell touch owned1\n\""
	statements := []string{
		"CREATE TABLE t(a)", "CREATE TABLE " + name + "(x)", "INSERT INTO " + name + " VALUES ('\n.shell touch owned2\n')",
		"CREATE VIRTUAL TABLE \"f\n.shell touch owned3\n\" USING fts5(a, content='')",
		"CREATE TABLE p1(a)", "CREATE TABLE p2(a)", "CREATE VIEW p3 AS SELECT 1", "CREATE TRIGGER p4 AFTER INSERT ON t BEGIN SELECT 1; END",
		"PRAGMA writable_schema=ON",
	}
	hidden := map[string]string{
		"p1": "CREATE TABLE p1(a) /*\n.shell touch owned4", "p2": "CREATE TABLE p2(a) -- x", "p3": "CREATE VIEW p3 AS SELECT 1 -- x",
		"p4": "CREATE TRIGGER p4 AFTER INSERT ON t BEGIN SELECT 1; END /* x",
	}
	for of, sql := range hidden {
		statements = append(statements, "UPDATE sqlite_schema SET sql = '"+sql+"' WHERE name = '"+of+"'")
	}
	// All on one connection, because of the pragma.
	db, err := received(t, file(t, strings.Join(statements, ";")))
	if err != nil {
		t.Fatal(err)
	}
	script := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "")
	for _, want := range []string{"CREATE TABLE p1(a);\n", "CREATE TABLE p2(a);\n", "CREATE VIEW p3 AS SELECT 1;\n", "BEGIN SELECT 1; END;\n"} {
		if !strings.Contains(script, want) {
			t.Errorf("%q is not in\n%s", want, script)
		}
	}
	if strings.Contains(script, "owned4") {
		t.Errorf("got\n%s", script)
	}
	t.Chdir(t.TempDir())
	if got := shell(t, script).Must(ro, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'p_'"); got != "4" {
		t.Errorf("%s of 4 are there", got)
	}
	if got := enginetest.Files(t, "."); len(got) != 0 {
		t.Errorf("the script has made %v", got)
	}
}
