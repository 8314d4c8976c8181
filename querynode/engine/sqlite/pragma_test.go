//go:build cgo && (linux || darwin)

package sqlite

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// A PRAGMA that sets a value for its request affects the statements after it,
// in the engine's or the text's own transaction. It is rejected if no statement
// follows. Setting the default is always accepted.
func TestPragmasThatSet(t *testing.T) {
	const parent = `CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id)); CREATE TABLE k(a CHECK (a > 0));
		CREATE TABLE r(a); CREATE TRIGGER g AFTER INSERT ON r WHEN new.a < 3 BEGIN INSERT INTO r VALUES (new.a + 1); END;
		CREATE TABLE o(a); INSERT INTO o VALUES (1), (2); CREATE TABLE old(a); CREATE VIEW v AS SELECT a FROM old`
	cases := []struct {
		name, set, usual string
		does, want       string // a statement behind it, and a look at what it did
		without          string // what that is, or says, when nothing is set
	}{
		{"foreign_keys", "OFF", "ON", `INSERT INTO c VALUES (9)`, "9", "FOREIGN KEY constraint failed"},
		{"defer_foreign_keys", "ON", "OFF", `INSERT INTO c VALUES (9); INSERT INTO p VALUES (9)`, "9", "FOREIGN KEY constraint failed"},
		{"recursive_triggers", "ON", "OFF", `INSERT INTO r VALUES (1)`, "1 2 3", "1 2"},
		{"reverse_unordered_selects", "ON", "OFF", `SELECT 1`, "2 1", "1 2"},
		{"legacy_alter_table", "ON", "OFF", `ALTER TABLE old RENAME TO new`, "FROM old", "FROM \"new\""},
		{"ignore_check_constraints", "ON", "OFF", `INSERT INTO k VALUES (-1)`, "-1", "CHECK constraint failed: a > 0"},
	}
	look := map[string]string{
		"foreign_keys": `SELECT p FROM c`, "defer_foreign_keys": `SELECT p FROM c`, "recursive_triggers": `SELECT a FROM r`,
		"reverse_unordered_selects": `SELECT a FROM o`, "legacy_alter_table": `SELECT substr(sql, instr(sql, 'FROM')) FROM sqlite_schema WHERE name = 'v'`,
		"ignore_check_constraints": `SELECT a FROM k`,
	}
	for _, c := range cases {
		for _, form := range []string{
			"%[1]s; %[2]s; %[3]s", "PRAGMA %[4]s=%[5]s; %[1]s; %[2]s; %[3]s", "SELECT 1; %[1]s; %[2]s; %[3]s", "DELETE FROM c; %[1]s; %[2]s; %[3]s",
			"%[1]s; BEGIN; %[2]s; %[3]s; COMMIT", "BEGIN; %[1]s; %[2]s; %[3]s; COMMIT", "BEGIN; DELETE FROM c; %[1]s; %[2]s; %[3]s; COMMIT", "SAVEPOINT x; %[1]s; %[2]s; %[3]s; RELEASE x",
			"%[1]s; %[2]s; %[3]s; PRAGMA %[4]s=%[5]s",
		} {
			sql := fmt.Sprintf(form, "PRAGMA "+c.name+"="+c.set, c.does, look[c.name], c.name, c.usual)
			t.Run(sql, func(t *testing.T) {
				db := open(t)
				db.Must(rw, parent)
				if got := db.Must(rw, sql); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
				if got := db.Must(rw, `PRAGMA `+c.name); got != map[string]string{"ON": "1", "OFF": "0"}[c.usual] {
					t.Errorf("the next request finds %s", got)
				}
			})
		}
		t.Run(c.name+" without and alone", func(t *testing.T) {
			db := open(t)
			db.Must(rw, parent)
			for _, mode := range []ayb.QueryLevel{ro, rw} {
				for _, sql := range []string{"PRAGMA %s=%s", "PRAGMA main.%s(%s) ; -- x", "SELECT 1; PRAGMA %s = %s"} {
					sql = fmt.Sprintf(sql, c.name, c.set)
					if m := db.Fails(mode, sql, errs.SQL); !strings.HasPrefix(m, "PRAGMA "+c.name+" holds only until its request ends, and nothing follows it here; send it in one text with the statements") {
						t.Errorf("%s: %s", sql, m)
					}
				}
				db.Must(mode, fmt.Sprintf("PRAGMA %s=%s", c.name, c.usual))
				db.Must(mode, fmt.Sprintf("SELECT 1; PRAGMA %s(%s)", c.name, c.usual))
				db.Must(mode, "PRAGMA "+c.name)
			}
			for _, entry := range db.Typed(rw, fmt.Sprintf(`{"statements":[{"sql":"PRAGMA %s=%s"}],"atomic":false}`, c.name, c.set)).Results {
				if entry.Error == nil {
					t.Error("it pretends in a batch that is not atomic")
				}
			}
			out, err := db.Try(rw, c.does+"; "+look[c.name])
			if err != nil {
				out = err.Error()
			} else {
				out = enginetest.Flatten(t, out)
			}
			if out != c.without {
				t.Errorf("without: %s, want %s", out, c.without)
			}
		})
	}
}

// Every other available PRAGMA reports, or stores a value in the database: it
// works at any position.
func TestPragmasThatStand(t *testing.T) {
	source, err := os.ReadFile("policy.c")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(source), "pragmas[] = {")
	list, _, _ = strings.Cut(list, "};")
	kinds := map[string]int{}
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	for line := range strings.Lines(list) {
		name, kind, ok := strings.Cut(strings.Trim(line, "\t\n{},"), `", `)
		if name = strings.TrimPrefix(name, `"`); !ok {
			continue
		}
		kinds[kind]++
		switch kind {
		case "STORED":
			db.Must(rw, `PRAGMA `+name+`=7`)
			if got := db.Must(ro, `PRAGMA `+name); got != "7" {
				t.Errorf("%s is %s", name, got)
			}
		case "REPORT":
			if m := db.Fails(rw, `PRAGMA `+name+`=1; SELECT 1`, errs.SQL); m != "PRAGMA "+name+" cannot be set here" {
				t.Errorf("%s: %s", name, m)
			}
			db.Must(ro, `PRAGMA `+name)
		case "SELECTS", "CHECKS":
			db.Must(ro, `PRAGMA `+name+`(t)`)
		case "WRITES":
			db.Must(rw, `PRAGMA `+name)
			db.Fails(ro, `PRAGMA `+name, errs.ReadOnly)
		case "SCRIPT", "FOREIGN": // TestPragmasThatSet
			db.Fails(rw, `PRAGMA `+name+map[string]string{"SCRIPT": "=1", "FOREIGN": "=0"}[kind], errs.SQL)
		default:
			t.Errorf("%s is %s", name, kind)
		}
	}
	if kinds["SCRIPT"] != 5 || kinds["FOREIGN"] != 1 || kinds["STORED"] != 2 || kinds["REPORT"] < 20 {
		t.Errorf("there are %v", kinds)
	}
}

// The notations of on and off mean the same as in SQLite.
func TestValuesOfPragmas(t *testing.T) {
	db := open(t)
	for value, on := range map[string]bool{
		"1": true, "on": true, "YES": true, "'true'": true, "2": true, "0x1": true, "256": true,
		"0": false, "off": false, "no": false, "false": false, "full": false, "extra": false, "nonsense": false, "-1": false, "99999999999": false,
	} {
		want := map[bool]string{true: "1", false: "0"}[on]
		for _, sql := range []string{`PRAGMA foreign_keys=%s; SELECT * FROM pragma_foreign_keys`, `CREATE TABLE IF NOT EXISTS t(a); PRAGMA foreign_keys=%s; SELECT * FROM pragma_foreign_keys`, `PRAGMA recursive_triggers=%s; SELECT * FROM pragma_recursive_triggers`} {
			if got := db.Must(rw, fmt.Sprintf(sql, value)); got != want {
				t.Errorf(sql+": %s, want %s", value, got, want)
			}
		}
	}
}

// A text is one transaction, also with PRAGMAs.
func TestMigrationsAreAtomic(t *testing.T) {
	const rebuild = `CREATE TABLE n(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO n SELECT id, NULL FROM a; DROP TABLE a; ALTER TABLE n RENAME TO a;`
	cases := []struct {
		name, sql, says string
	}{
		{"as it is", `PRAGMA foreign_keys=OFF; ` + rebuild + ` PRAGMA foreign_keys=ON;`, ""},
		{"with a check", `PRAGMA foreign_keys=OFF; BEGIN; ` + rebuild + ` PRAGMA foreign_key_check; COMMIT; PRAGMA foreign_keys=ON;`, ""},
		{"inside its transaction", `BEGIN; PRAGMA foreign_keys=OFF; ` + rebuild + ` COMMIT`, ""},
		{"keys deferred", `PRAGMA defer_foreign_keys=ON; CREATE TABLE x(id); INSERT INTO b VALUES (7); INSERT INTO a VALUES (7); DELETE FROM b WHERE a_id = 7; DELETE FROM a WHERE id = 7; DROP TABLE x`, ""},
		{"fails", `PRAGMA foreign_keys=OFF; ` + rebuild + ` SELECT nope; PRAGMA foreign_keys=ON;`, "no such column: nope"},
		{"fails in its transaction", `PRAGMA foreign_keys=OFF; BEGIN; ` + rebuild + ` SELECT nope; COMMIT; PRAGMA foreign_keys=ON;`, "no such column: nope"},
		{"fails at the end", `PRAGMA foreign_keys=OFF; ` + rebuild + ` PRAGMA foreign_keys=ON; INSERT INTO b VALUES (5)`, "FOREIGN KEY constraint failed"},
		{"on in vain", `PRAGMA foreign_keys=ON; INSERT INTO b VALUES (5)`, "FOREIGN KEY constraint failed"},
		{"nothing follows", `INSERT INTO a VALUES (9); PRAGMA foreign_keys=OFF`, "nothing follows it"},
		{"other settings", `PRAGMA recursive_triggers=ON; DELETE FROM b; PRAGMA ignore_check_constraints=ON; SELECT nope`, "no such column: nope"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := open(t)
			db.Must(rw, `CREATE TABLE a(id INTEGER PRIMARY KEY); CREATE TABLE b(a_id REFERENCES a(id) ON DELETE CASCADE); INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1), (2), (2)`)
			before := db.Must(rw, `SELECT group_concat(sql) FROM sqlite_schema`)
			if c.says == "" {
				db.Must(rw, c.sql)
			} else {
				if m := db.Fails(rw, c.sql, errs.SQL); !strings.Contains(m, c.says) {
					t.Error(m)
				}
				if got := db.Must(rw, `SELECT group_concat(sql) FROM sqlite_schema`); got != before {
					t.Errorf("the schema is %s", got)
				}
			}
			if got := db.Must(rw, `SELECT (SELECT count(*) FROM a), (SELECT group_concat(a_id) FROM b), (SELECT count(*) FROM pragma_foreign_key_check)`); got != "2|1,2,2|0" {
				t.Errorf("it left %s", got)
			}
			db.Fails(rw, `INSERT INTO b VALUES (5)`, errs.SQL)
		})
	}
}

// A TEMP object exists within its request only, and is rejected if no statement
// follows that could use it.
func TestTempAlone(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	for _, mode := range []ayb.QueryLevel{ro, rw} {
		for _, sql := range []string{
			`CREATE TEMP TABLE x(a)`, `CREATE TABLE temp.x(a)`, `CREATE TEMPORARY TABLE IF NOT EXISTS x AS SELECT 1`, `CREATE TEMP VIEW x AS SELECT 1`,
			`CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END`, `CREATE VIRTUAL TABLE temp.x USING fts5(a)`, `SELECT 1; CREATE TEMP TABLE x(a); `,
		} {
			if m := db.Fails(mode, sql, errs.SQL); !strings.HasPrefix(m, "A TEMP object lasts only until its request ends, and nothing follows it here; send it in one text") {
				t.Errorf("%s: %s", sql, m)
			}
		}
	}
	r := db.Typed(rw, `{"statements":[{"sql":"CREATE TEMP TABLE x(a)"},{"sql":"INSERT INTO x VALUES (1)"}],"atomic":false}`).Results
	if r[0].Error == nil || r[1].Error == nil {
		t.Error("a batch that is not atomic has TEMP tables")
	}
}

// A foreign key that fails at the commit is not attributed to a statement. The
// last insert rowid is reported whenever there is one.
func TestCommitIsBlamed(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)`)
	for body, statement := range map[string]string{
		`{"sql":"INSERT INTO c VALUES (1); SELECT 1; SELECT 2"}`:                                 "",
		`{"sql":"PRAGMA defer_foreign_keys=ON; INSERT INTO c VALUES (1); SELECT 2"}`:             "",
		`{"statements":[{"sql":"INSERT INTO c VALUES (1)"},{"sql":"SELECT 2"}]}`:                 "",
		`{"sql":"BEGIN; INSERT INTO c VALUES (1); SELECT 1; COMMIT; SELECT 2"}`:                  "3",
		`{"sql":"INSERT INTO c VALUES (1)"}`:                                                     "0",
		`{"sql":"PRAGMA defer_foreign_keys=ON; BEGIN; INSERT INTO c VALUES (1); COMMIT"}`:        "3",
		`{"statements":[{"sql":"SELECT 1"},{"sql":"INSERT INTO c VALUES (1) RETURNING rowid"}]}`: "",
	} {
		for _, f := range []daemonapi.Format{daemonapi.FormatJSON, daemonapi.FormatNDJSON} {
			_, err := db.Ask(rw, f, body)
			e := errs.Public(err)
			if e.Attrs["statement"] != statement || e.Attrs["sqlite_code"] != "787" || !strings.HasPrefix(e.Message, "FOREIGN KEY constraint failed") {
				t.Errorf("%s: %v %v", body, e, e.Attrs)
			}
			if statement == "" && !strings.Contains(e.Message, "when the statements were committed") {
				t.Errorf("%s: %v", body, e)
			}
		}
	}
	if got := db.Must(ro, `SELECT count(*) FROM c`); got != "0" {
		t.Errorf("%s rows", got)
	}
}

// The last insert rowid is reported when there is one, also if it is 0.
func TestLastInsertRowid(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a UNIQUE); CREATE TABLE w(a PRIMARY KEY) WITHOUT ROWID; CREATE TABLE l(a); CREATE VIEW v AS SELECT a FROM t;
		CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO l VALUES (new.a); END; INSERT INTO t(rowid, a) VALUES (5, 'five');
		CREATE TABLE r(a); CREATE TRIGGER ri AFTER INSERT ON r BEGIN INSERT INTO l SELECT last_insert_rowid(); END`)
	for _, c := range []struct{ sql, want string }{
		{`INSERT INTO t(rowid, a) VALUES (0, 'x')`, "0"},
		{`INSERT INTO t(rowid, a) VALUES (0, 'x') RETURNING rowid`, "0"},
		{`INSERT INTO t(rowid, a) VALUES (-3, 'x')`, "-3"},
		{`INSERT INTO t(rowid, a) VALUES (7, 'x'), (0, 'y')`, "0"},
		{`INSERT INTO w VALUES (1)`, "null"},
		{`INSERT INTO v VALUES (1)`, "null"},
		{`INSERT OR IGNORE INTO t(rowid, a) VALUES (9, 'five')`, "null"},
		{`INSERT INTO t(rowid, a) SELECT 1, 1 WHERE 0`, "null"},
		{`INSERT INTO t VALUES ('five') ON CONFLICT DO UPDATE SET a = 'six'`, "null"},
		{`REPLACE INTO t(rowid, a) VALUES (0, 'five')`, "0"},
		{`UPDATE t SET a = 'seven'`, "null"},
		{`SELECT 1`, "null"},
		{`INSERT INTO r(rowid, a) VALUES (0, 1)`, "null"}, // not to be told from nothing: the trigger looks itself
		{`INSERT INTO t(rowid, a) VALUES (0, 'x'); UPDATE t SET a = 1 WHERE rowid = 0`, "0"},
		{`INSERT INTO t(rowid, a) VALUES (4, 'x'); INSERT INTO w VALUES (1)`, "4"},
	} {
		for range 2 { // the second time from what is kept
			out, err := db.Ask(rw, daemonapi.FormatJSON, fmt.Sprintf(`{"sql":%q}`, c.sql))
			if err != nil {
				t.Fatalf("%s: %v", c.sql, err)
			}
			results := enginetest.ReadDocument(t, out).Results
			if got := string(results[len(results)-1].Rowid); got != c.want {
				t.Errorf("%s: %s, want %s", c.sql, got, c.want)
			}
			db.Must(rw, `DELETE FROM t; DELETE FROM w; DELETE FROM r; DELETE FROM l; INSERT INTO t(rowid, a) VALUES (5, 'five')`)
		}
	}
	// SQL gets the usual value.
	if got := db.Must(rw, `INSERT INTO t(rowid, a) VALUES (8, 1); INSERT INTO t SELECT last_insert_rowid(); INSERT OR IGNORE INTO t VALUES (1); SELECT a, last_insert_rowid() FROM t WHERE rowid = 9`); got != "8|9" {
		t.Errorf("got %s", got)
	}
	// A trigger that reads it and was created after the statement was cached.
	db.Must(rw, `INSERT INTO l VALUES (-1)`)
	db.Must(rw, `CREATE TRIGGER li AFTER INSERT ON l WHEN new.a = -1 BEGIN UPDATE l SET a = last_insert_rowid() + 100 WHERE rowid = 1; END`)
	db.Must(rw, `INSERT OR IGNORE INTO t VALUES (100); INSERT INTO l SELECT -1 WHERE 0; INSERT INTO l VALUES (-1)`)
	if got := db.Must(rw, `SELECT a FROM l WHERE rowid = 1`); got != "102" {
		t.Errorf("the trigger saw %s", got)
	}
}
