//go:build cgo && (linux || darwin)

package sqlite

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestTypedDocument(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(id INTEGER PRIMARY KEY, name VARCHAR(20), bare, n INT DEFAULT 5);
		CREATE TABLE l(x); CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO l VALUES (new.id), (new.id); END`)
	none := `"columns":[],"rows":[],`
	cases := []struct{ name, body, want string }{
		{"declared types", `{"sql":"SELECT id, name, bare, n + 1 AS m FROM t"}`,
			`{"results":[{"columns":[{"name":"id","type":"INTEGER"},{"name":"name","type":"VARCHAR(20)"},{"name":"bare","type":null},{"name":"m","type":null}],"rows":[],"rows_affected":0,"last_insert_rowid":null,"truncated":false}],"cost":{"duration_ms":0,"rows_written":0}}`},
		{"insert", `{"sql":"INSERT INTO t(name) VALUES ('a'), ('b')"}`,
			`{"results":[{` + none + `"rows_affected":2,"last_insert_rowid":2,"truncated":false}],"cost":{"duration_ms":0,"rows_written":6}}`},
		{"returning", `{"sql":"UPDATE t SET name = name || '!' RETURNING name"}`,
			`{"results":[{"columns":[{"name":"name","type":"VARCHAR(20)"}],"rows":[["a!"],["b!"]],"rows_affected":2,"last_insert_rowid":null,"truncated":false}],"cost":{"duration_ms":0,"rows_written":2}}`},
		{"nothing changes", `{"sql":"UPDATE t SET name = 1 WHERE 0; CREATE TABLE u(a)"}`,
			`{"results":[{` + none + `"rows_affected":0,"last_insert_rowid":null,"truncated":false},{` + none + `"rows_affected":0,"last_insert_rowid":null,"truncated":false}],"cost":{"duration_ms":0,"rows_written":0}}`},
		{"script", `{"sql":"INSERT INTO u VALUES (7); SELECT a FROM u; DELETE FROM u"}`,
			`{"results":[{` + none + `"rows_affected":1,"last_insert_rowid":1,"truncated":false},{"columns":[{"name":"a","type":null}],"rows":[[7]],"rows_affected":0,"last_insert_rowid":1,"truncated":false},{` + none + `"rows_affected":1,"last_insert_rowid":1,"truncated":false}],"cost":{"duration_ms":0,"rows_written":2}}`},
		{"Q11 empty", `{"sql":" -- nothing"}`,
			`{"results":[{` + none + `"rows_affected":0,"last_insert_rowid":null,"truncated":false}],"cost":{"duration_ms":0,"rows_written":0}}`},
		{"no statements", `{"statements":[]}`, `{"results":[],"cost":{"duration_ms":0,"rows_written":0}}`},
		{"rowid out of range of numbers", `{"sql":"INSERT INTO u(rowid) VALUES (9223372036854775807)"}`,
			`{"results":[{` + none + `"rows_affected":1,"last_insert_rowid":{"integer":"9223372036854775807"},"truncated":false}],"cost":{"duration_ms":0,"rows_written":1}}`},
		{"delete without where", `{"sql":"DELETE FROM l"}`,
			`{"results":[{` + none + `"rows_affected":4,"last_insert_rowid":null,"truncated":false}],"cost":{"duration_ms":0,"rows_written":4}}`},
		{"explain changes nothing", `{"sql":"INSERT INTO l VALUES (1); EXPLAIN QUERY PLAN DELETE FROM l"}`, ""},
	}
	for _, c := range cases {
		got, err := db.Ask(rw, daemonapi.FormatJSON, c.body)
		if err != nil || c.want != "" && got != c.want {
			t.Errorf("%s: got %s, %v\nwant %s", c.name, got, err, c.want)
		}
		enginetest.ReadDocument(t, got)
	}
}

// Q5, Q14: every value is returned exactly.
func TestTypedValues(t *testing.T) {
	db := open(t)
	for sql, want := range map[string]string{
		`NULL`: `null`, `''`: `""`, `x''`: `{"base64":""}`, `0`: `0`, `-1`: `-1`,
		`9007199254740992`: `9007199254740992`, `9007199254740993`: `{"integer":"9007199254740993"}`,
		`-9007199254740992`: `-9007199254740992`, `-9007199254740993`: `{"integer":"-9007199254740993"}`,
		`9223372036854775807`:  `{"integer":"9223372036854775807"}`,
		`-9223372036854775808`: `{"integer":"-9223372036854775808"}`,
		`1.0`:                  `1.0`, `-0.0`: `-0.0`, `-1 * 0.0`: `-0.0`, `0.0`: `0.0`, `0.1 + 0.2`: `0.30000000000000004`, `1e300`: `1e+300`, `1e-7`: `1e-07`, `1e20`: `100000000000000000000.0`,
		`1234567.0`: `1234567.0`, `5e-324`: `5e-324`, `1.7976931348623157e308`: `1.7976931348623157e+308`,
		`9e999`: `{"real":"Infinity"}`, `-9e999`: `{"real":"-Infinity"}`, `9e999 - 9e999`: `null`,
		`'a' || char(0) || 'b'`: `"a\u0000b"`, `'é😀' || char(0x2028, 34, 92, 10)`: `"é😀` + "\u2028" + `\"\\\n"`,
		`CAST(x'41ff' AS TEXT)`: `{"base64":"Qf8="}`, `x'0aff'`: `{"base64":"Cv8="}`, `x'41'`: `{"base64":"QQ=="}`, `zeroblob(3)`: `{"base64":"AAAA"}`,
		`TRUE`: `1`, `CAST(7 AS BOOLEAN)`: `7`, `CAST('5' AS DATE)`: `5`,
	} {
		if got := db.Results(ro, `{"sql":"SELECT `+sql+` AS a"}`); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// A bound value comes back with its kind, from an expression and from a table.
func TestTypedRoundTrip(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(i INTEGER PRIMARY KEY, v)`)
	for _, c := range []struct{ in, out, kind string }{
		{`null`, `null`, "null"}, {`true`, `1`, "integer"}, {`1`, `1`, "integer"}, {`1.0`, `1.0`, "real"}, {`-0.0`, `-0.0`, "real"},
		{`1e2`, `100.0`, "real"}, {`9223372036854775807`, `{"integer":"9223372036854775807"}`, "integer"},
		{`{"integer":"-9223372036854775808"}`, `{"integer":"-9223372036854775808"}`, "integer"},
		{`{"integer":"5"}`, `5`, "integer"}, {`9007199254740992`, `9007199254740992`, "integer"}, {`9007199254740993`, `{"integer":"9007199254740993"}`, "integer"},
		{`{"real":"Infinity"}`, `{"real":"Infinity"}`, "real"}, {`{"real":"-Infinity"}`, `{"real":"-Infinity"}`, "real"}, {`{"real":"3"}`, `3.0`, "real"},
		{`""`, `""`, "text"}, {`"5"`, `"5"`, "text"}, {`"a\u0000b"`, `"a\u0000b"`, "text"}, {`"é\ud83d\ude00"`, `"é😀"`, "text"},
		{`{"base64":""}`, `{"base64":""}`, "blob"}, {`{"base64":"AP8="}`, `{"base64":"AP8="}`, "blob"}, {`{"base64":"QQ=="}`, `{"base64":"QQ=="}`, "blob"},
	} {
		want := c.out + `|"` + c.kind + `"`
		if got := db.Results(ro, `{"sql":"SELECT ?1, typeof(?1)","params":[`+c.in+`]}`); got[0] != want {
			t.Errorf("%s: %s, want %s", c.in, got[0], want)
		}
		got := db.Results(rw, `{"statements":[{"sql":"INSERT INTO t(v) VALUES (:v)","params":{"v":`+c.in+`}},{"sql":"SELECT v, typeof(v) FROM t ORDER BY i DESC LIMIT 1"}]}`)
		if got[1] != want {
			t.Errorf("%s: stored %s, want %s", c.in, got[1], want)
		}
	}
	// Every exponent of a REAL, both ways.
	for e := -1074; e < 1024; e += 7 {
		f := math.Ldexp(1.2345, e)
		got := db.Results(ro, `{"sql":"SELECT ?","params":[{"real":"`+strconv.FormatFloat(f, 'g', -1, 64)+`"}]}`)[0]
		back, err := strconv.ParseFloat(got, 64)
		if err != nil || back != f || !strings.ContainsAny(got, ".e") {
			t.Errorf("2^%d: %s, %v", e, got, err)
		}
	}
}

func TestLines(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a INT)`)
	cases := []struct{ body, want string }{
		{`{"sql":"INSERT INTO t VALUES (1), (NULL); SELECT a, a + 0.5 AS b FROM t; SELECT 1 WHERE 0"}`,
			`{"statement":0,"columns":[]}
{"statement":0,"rows_affected":2,"last_insert_rowid":2,"truncated":false}
{"statement":1,"columns":[{"name":"a","type":"INT"},{"name":"b","type":null}]}
[1,1.5]
[null,null]
{"statement":1,"rows_affected":0,"last_insert_rowid":2,"truncated":false}
{"statement":2,"columns":[{"name":"1","type":null}]}
{"statement":2,"rows_affected":0,"last_insert_rowid":2,"truncated":false}
{"cost":{"duration_ms":0,"rows_written":2}}
`},
		{`{"statements":[{"sql":"SELECT nope"},{"sql":"SELECT a FROM t","params":[]},{"sql":"SELECT ?"}],"atomic":false,"max_rows":1}`,
			`{"statement":0,"error":{"message":"no such column: nope","offset":7,"sqlite_code":1}}
{"statement":1,"columns":[{"name":"a","type":"INT"}]}
[1]
{"statement":1,"rows_affected":0,"last_insert_rowid":null,"truncated":true}
{"statement":2,"error":{"message":"The statement has 1 parameter, and no values were given"}}
{"cost":{"duration_ms":0,"rows_written":0}}
`},
		{`{"statements":[]}`, `{"cost":{"duration_ms":0,"rows_written":0}}` + "\n"},
	}
	for _, c := range cases {
		if got, err := db.Ask(rw, daemonapi.FormatNDJSON, c.body); err != nil || got != c.want {
			t.Errorf("%s:\n%s%v\nwant\n%s", c.body, got, err, c.want)
		}
	}
}

func TestCSV(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	cases := []struct{ sql, want string }{
		{`SELECT 1 AS a, 'x' AS \"b,c\"`, "a,\"b,c\"\r\n1,x\r\n"},
		{`SELECT NULL AS a, '' AS b, ' ' AS c`, "a,b,c\r\n,\"\", \r\n"},
		{`SELECT 'a\"b' AS a, '\"' AS b, 'x' || char(10) AS c, char(13) AS d`, "a,b,c,d\r\n\"a\"\"b\",\"\"\"\",\"x\n\",\"\r\"\r\n"},
		{`SELECT 1.0 AS a, 1e21 AS b, 9e999 AS c, x'0aff' AS d, x'41' AS e, CAST(x'41ff' AS TEXT) AS f`, "a,b,c,d,e,f\r\n1,1000000000000000000000,inf,X'0AFF',A,A\uFFFD\r\n"},
		{`SELECT 1 AS a; SELECT 2 AS b; INSERT INTO t VALUES (1)`, "b\r\n2\r\n"},
		{`SELECT 1 AS a; SELECT 2 AS b WHERE 0`, "b\r\n"},
		{`INSERT INTO t VALUES (1)`, ""},
		{``, ""},
	}
	for _, c := range cases {
		if got, err := db.Ask(rw, daemonapi.FormatCSV, `{"sql":"`+c.sql+`"}`); err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.sql, got, err, c.want)
		}
	}
	// One statement at a time: the last result is kept, and no error is lost.
	if got, err := db.Ask(rw, daemonapi.FormatCSV, `{"statements":[{"sql":"SELECT 1 AS a"},{"sql":"SELECT 2 AS b"},{"sql":"DELETE FROM t"}],"atomic":false}`); err != nil || got != "b\r\n2\r\n" {
		t.Errorf("%q, %v", got, err)
	}
	_, err := db.Ask(rw, daemonapi.FormatCSV, `{"statements":[{"sql":"SELECT 1"},{"sql":"SELECT nope"},{"sql":"INSERT INTO t VALUES (9)"}],"atomic":false}`)
	if e := errs.Public(err); e.Code != errs.SQL || e.Attrs["statement"] != "1" {
		t.Errorf("%v, %v", err, e.Attrs)
	}
	if got := db.Must(ro, `SELECT a FROM t`); got != "9" {
		t.Errorf("the statement after the error left %q", got)
	}
}

// As many columns as SQLite allows, in every form.
func TestManyColumns(t *testing.T) {
	db := open(t)
	list := strings.Repeat("7,", 1999) + "7"
	for _, f := range []daemonapi.Format{daemonapi.FormatCompat, daemonapi.FormatJSON, daemonapi.FormatNDJSON, daemonapi.FormatCSV} {
		out, err := db.Ask(ro, f, `{"sql":"SELECT `+list+`"}`)
		if err != nil || strings.Count(out, "7") < 4000 {
			t.Errorf("format %d: %d, %v", f, strings.Count(out, "7"), err)
		}
	}
}

// A million rows are streamed with a flat heap; see TestStreamIsFlat.
func TestLinesStream(t *testing.T) {
	db := open(t)
	writes, rows := 0, 0
	j := engine.NewJob(enginetest.Script(`SELECT x, 'row ' || x FROM `+enginetest.Count(1_000_000)), engine.JobOptions{Mode: ro, Format: daemonapi.FormatNDJSON})
	err := db.Run(j, enginetest.SinkFunc(func(p []byte, _ bool) error {
		writes++
		rows += strings.Count(string(p), "\n")
		return nil
	}))
	if err != nil || rows != 1_000_000+3 || writes < 100 {
		t.Errorf("%v: %d lines in %d writes", err, rows, writes)
	}
}
