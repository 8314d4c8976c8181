package enginetest

import (
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Values of each type and NULL come back in each form.
func (s suite) values(t *testing.T) {
	db := s.open(t)
	const body = `{"sql":"SELECT ? AS n, ? AS i, ? AS r, ? AS t, ? AS e, ? AS b","params":[null,{"integer":"9007199254740993"},1.5,"é\"",{"real":"-Infinity"},{"base64":"AP8="}]}`
	const columns = `[{"name":"n","type":null},{"name":"i","type":null},{"name":"r","type":null},{"name":"t","type":null},{"name":"e","type":null},{"name":"b","type":null}]`
	const row = `[null,{"integer":"9007199254740993"},1.5,"é\"",{"real":"-Infinity"},{"base64":"AP8="}]`
	const outcome = `"rows_affected":0,"last_insert_rowid":null,"truncated":false`
	const cost = `"cost":{"duration_ms":0,"rows_written":0}`
	for f, want := range map[daemonapi.Format]string{
		daemonapi.FormatCompat: `{"fields":["n","i","r","t","e","b"],"rows":[[null,"9007199254740993","1.5","é\"","-inf","X'00FF'"]]}`,
		daemonapi.FormatJSON:   `{"results":[{"columns":` + columns + `,"rows":[` + row + `],` + outcome + `}],` + cost + `}`,
		daemonapi.FormatNDJSON: `{"statement":0,"columns":` + columns + "}\n" + row + "\n" + `{"statement":0,` + outcome + "}\n{" + cost + "}\n",
		daemonapi.FormatCSV:    "n,i,r,t,e,b\r\n,9007199254740993,1.5,\"é\"\"\",-inf,X'00FF'\r\n",
	} {
		if got, err := db.Ask(ro, f, body); err != nil || got != want {
			t.Errorf("format %d: %s, %v\nwant %s", f, got, err, want)
		}
	}
}

// Stored values are those that were given.
func (s suite) storedValues(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(i INTEGER, r DOUBLE PRECISION, t TEXT, b BLOB)`)
	for _, row := range []string{`[1,2.5,"x",{"base64":"AP8="}]`, `[null,null,null,null]`, `[{"integer":"-9223372036854775808"},1e+300,"",{"base64":""}]`} {
		body := `{"statements":[{"sql":"DELETE FROM t"},{"sql":"INSERT INTO t VALUES (?, ?, ?, ?)","params":` + row + `},{"sql":"SELECT * FROM t"}]}`
		got := db.Typed(rw, body).Results[2].Rows
		text := "["
		for i, cell := range got[0] {
			if i > 0 {
				text += ","
			}
			text += string(cell)
		}
		if text += "]"; len(got) != 1 || text != row {
			t.Errorf("%s, want %s", text, row)
		}
	}
}

// An error names its statement and undoes the batch. Separate statements have
// their error in place of the result.
func (s suite) errors(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)`)
	for _, bad := range []string{`INSERT INTO t VALUES (1)`, `SELECT nope`, `SELECT * FROM missing`, `nonsense`} {
		_, err := db.Ask(rw, daemonapi.FormatJSON, `{"statements":[{"sql":"INSERT INTO t VALUES (2)"},{"sql":"`+bad+`"}]}`)
		if e := errs.Public(err); e.Code != errs.SQL || e.Attrs["statement"] != "1" {
			t.Errorf("%s: %v %v", bad, err, e.Attrs)
		}
		if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
			t.Errorf("%s left %s", bad, got)
		}
		r := db.Typed(rw, `{"statements":[{"sql":"`+bad+`"},{"sql":"SELECT 5"}],"atomic":false}`).Results
		if len(r) != 2 || r[0].Error == nil || r[1].Text() != "5" {
			t.Errorf("%s: %+v", bad, r)
		}
	}
}

// A statement that affects another number of rows than expected fails, and undoes the
// batch.
func (s suite) expected(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER); INSERT INTO t VALUES (1, 1), (2, 1)`)
	for _, c := range []struct {
		statements string
		fails      string // the index of the statement that fails; empty for none
		left       string
	}{
		{`{"sql":"UPDATE t SET b = 5 WHERE a = 1","expect_rows_affected":1}`, "", "5 1"},
		{`{"sql":"UPDATE t SET b = 6 WHERE a = 9","expect_rows_affected":1}`, "0", "5 1"},
		{`{"sql":"UPDATE t SET b = 6","expect_rows_affected":1}`, "0", "5 1"},
		{`{"sql":"UPDATE t SET b = 7 WHERE a = 1"},{"sql":"DELETE FROM t WHERE b = 0","expect_rows_affected":1}`, "1", "5 1"},
		{`{"sql":"UPDATE t SET b = 8 RETURNING a","expect_rows_affected":3}`, "0", "5 1"},
		{`{"sql":"UPDATE t SET b = 9 RETURNING a","expect_rows_affected":2},{"sql":"DELETE FROM t WHERE a = 5","expect_rows_affected":0}`, "", "9 9"},
	} {
		_, err := db.Ask(rw, daemonapi.FormatJSON, `{"statements":[`+c.statements+`]}`)
		e := errs.Public(err)
		if (err != nil) != (c.fails != "") || err != nil && (e.Code != errs.Conflict || e.Attrs["statement"] != c.fails) {
			t.Errorf("%s: %v %v", c.statements, err, e.Attrs)
		}
		if got := db.Must(ro, `SELECT group_concat(b, ' ') FROM t`); got != c.left {
			t.Errorf("%s left %s, want %s", c.statements, got, c.left)
		}
	}
	r := db.Typed(rw, `{"statements":[{"sql":"DELETE FROM t","expect_rows_affected":1},{"sql":"SELECT count(*) FROM t"}],"atomic":false}`).Results
	if len(r) != 2 || r[0].Error == nil || r[1].Text() != "2" {
		t.Errorf("separately: %+v", r)
	}
}

// A caller who may only read changes nothing.
func (s suite) readOnly(t *testing.T) {
	db := s.open(t)
	db.Fails(ro, `CREATE TABLE t(a INTEGER)`, errs.ReadOnly)
	db.Must(rw, `CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)`)
	for _, sql := range []string{
		`INSERT INTO t VALUES (2)`, `UPDATE t SET a = 2`, `DELETE FROM t`, `INSERT INTO t VALUES (2) RETURNING a`,
		`CREATE TABLE u(a INTEGER)`, `DROP TABLE t`, `ALTER TABLE t RENAME TO u`, `CREATE INDEX i ON t(a)`,
		`SELECT 1; DELETE FROM t`, `BEGIN; DELETE FROM t; COMMIT`,
	} {
		if m := db.Fails(ro, sql, errs.ReadOnly); m != "Attempted to write to database while in read-only mode" {
			t.Errorf("%s: %s", sql, m)
		}
	}
	if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
		t.Errorf("left %s", got)
	}
}
