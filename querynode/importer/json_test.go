//go:build cgo && (linux || darwin)

package importer

import (
	"strconv"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// lines returns the rows of a table as NDJSON exports them.
func (w *world) lines(table string) string {
	w.t.Helper()
	return strings.ReplaceAll(strings.TrimSpace(w.export(daemonapi.TransferNDJSON, table)), "}\n", "} ")
}

// JSON values are read like query parameters, in the notation of any writer.
func TestValuesOfJSON(t *testing.T) {
	const lines, array = daemonapi.TransferNDJSON, daemonapi.TransferJSON
	for name, tt := range map[string]struct {
		format      daemonapi.TransferFormat
		data        string
		found, rows string
		note        string
	}{
		"our own": {array, `[{"id":{"integer":"1152921504606846977"},"b":{"base64":"iVBORw=="},"r":{"real":"Infinity"}},{"id":3,"b":null,"r":-0.0}]`,
			"id:INTEGER b:BLOB r:", `{"id":{"integer":"1152921504606846977"},"b":{"base64":"iVBORw=="},"r":{"real":"Infinity"}} {"id":3,"b":null,"r":-0.0}`, ""},
		"flags":       {array, `[{"done":true,"n":1},{"done":false,"n":2},{"done":null,"n":3}]`, "done:INTEGER n:INTEGER", `{"done":1,"n":1} {"done":0,"n":2} {"done":null,"n":3}`, ""},
		"TEXT":        {lines, `{"a":{"base64":"/w==","as":"text"},"b":{"base64":"/w=="}}`, "a:TEXT b:BLOB", `{"a":{"base64":"/w==","as":"text"},"b":{"base64":"/w=="}}`, ""},
		"only like":   {lines, `{"a":{"base64":"?"},"b":{"integer":"1.5"},"c":{"real":"x"},"d":{"real":1},"e":{"base64":"QQ==","x":1},"f":{"integer":"1","as":"text"}}`, "a:TEXT b:TEXT c:TEXT d:TEXT e:TEXT f:TEXT", `{"a":"{\"base64\":\"?\"}","b":"{\"integer\":\"1.5\"}","c":"{\"real\":\"x\"}","d":"{\"real\":1}","e":"{\"base64\":\"QQ==\",\"x\":1}","f":"{\"integer\":\"1\",\"as\":\"text\"}"}`, ""},
		"sqliteutils": {lines, `{"a":{"$base64": true, "encoded": "AP9B"}}`, "a:BLOB", `{"a":{"base64":"AP9B"}}`, ""},
		"min_nan":     {array, "[{\"a\":1,\"b\":NaN},{\"a\":2,\"b\":1.5}]\n", "a:INTEGER b:REAL", `{"a":1,"b":null} {"a":2,"b":1.5}`, "1 values NaN"},
		"min_inf":     {lines, "{\"a\":1,\"b\":Infinity}\n{\"a\":2,\"b\":1.5}\n", "a:INTEGER b:REAL", `{"a":1,"b":{"real":"Infinity"}} {"a":2,"b":1.5}`, ""},
		"infinite":    {array, `[{"a":-Infinity,"b":1e999,"c":Inf,"d":-9.0e+999},{"a": nan }]`, "a:REAL b:REAL c:REAL d:REAL", `{"a":{"real":"-Infinity"},"b":{"real":"Infinity"},"c":{"real":"Infinity"},"d":{"real":"-Infinity"}} {"a":null,"b":null,"c":null,"d":null}`, "1 values NaN"},
		"words":       {array, `[{"a":"NaN, -Infinity","b":[1,NaN]}]`, "a:TEXT b:TEXT", `{"a":"NaN, -Infinity","b":"[1,NaN]"}`, ""},
		"minus zero":  {array, `[[-0,-0,-0.0],[1,1.5,2]]`, "column1:INTEGER column2:REAL column3:", `{"column1":0,"column2":0.0,"column3":-0.0} {"column1":1,"column2":1.5,"column3":2}`, ""},
		"digits":      {array, `[[0.3000000000000000444,5e-324,4.9E-324,12345678901234567890.5,1e400],[1,1,1,1,1]]`, "column1:REAL column2:REAL column3:REAL column4:TEXT column5:TEXT", `{"column1":0.30000000000000004,"column2":5e-324,"column3":5e-324,"column4":"12345678901234567890.5","column5":"1e400"} {"column1":1.0,"column2":1.0,"column3":1.0,"column4":"1","column5":"1"}`, ""},
		"several":     {array, `[["1",9007199254740993,"x"],[1,0.5,{"base64":""}],[1.5,null,null]]`, "column1: column2: column3:TEXT", `{"column1":"1","column2":{"integer":"9007199254740993"},"column3":"x"} {"column1":1,"column2":0.5,"column3":{"base64":""}} {"column1":1.5,"column2":null,"column3":null}`, ""},
		"sequence":    {array, "\x1e{\"a\":1}\n\x1e{\"a\":2}\n", "a:INTEGER", `{"a":1} {"a":2}`, ""},
		"lines of it": {lines, "\x1e{\"a\":1}\n\x1e{\"a\":2}\n", "a:INTEGER", `{"a":1} {"a":2}`, ""},
		"names":       {array, `[{" a":1,"a":2,"A":3,"":4}]`, " a:INTEGER a:INTEGER A_2:INTEGER column4:INTEGER", `{" a":1,"a":2,"A_2":3,"column4":4}`, ""},

		"columns":         {array, `{"a":{"0":1,"1":3},"b":{"0":2,"1":4}}`, "a:INTEGER b:INTEGER", `{"a":1,"b":2} {"a":3,"b":4}`, ""},
		"columns, labels": {array, "\n{\"a\":{\"1705276800000\":1.5,\"5\":NaN}}", "index:INTEGER a:REAL", `{"index":1705276800000,"a":1.5} {"index":5,"a":null}`, "1 values NaN"},
		"index":           {array, `{"0":{"a":1,"b":2},"1":{"a":3,"b":4}}`, "a:INTEGER b:INTEGER", `{"a":1,"b":2} {"a":3,"b":4}`, ""},
		"index, labels":   {array, `{"7":{"index":1,"b":"x"},"9":{"index":3,"b":null}}`, "index:INTEGER index_2:INTEGER b:TEXT", `{"index":7,"index_2":1,"b":"x"} {"index":9,"index_2":3,"b":null}`, ""},
		"split":           {array, `{"columns":["a","b"],"index":[0,1],"data":[[1,2],[3,4]]}`, "a:INTEGER b:INTEGER", `{"a":1,"b":2} {"a":3,"b":4}`, ""},
		"split, labels":   {array, "{\"columns\":[\"a\",0],\n\"index\":[\"x\",1.5],\"data\":[[1,2],\n[3,4]]}", "index: a:INTEGER 0:INTEGER", `{"index":"x","a":1,"0":2} {"index":1.5,"a":3,"0":4}`, ""},
		"split, no rows":  {array, `{"columns":["a","b"],"index":[],"data":[]}`, "a:TEXT b:TEXT", "", ""},
		"table":           {array, `{"schema":{"fields":[]},"data":[{"a":1},{"a":2}]}`, "a:INTEGER", `{"a":1} {"a":2}`, ""},
		"answer":          {array, `{"fields":["a","b"],"rows":[["1",null],["2","x"]]}`, "a:TEXT b:TEXT", `{"a":"1","b":null} {"a":"2","b":"x"}`, ""},
		"service":         {array, `{"items": [ {"a":1} , {"b":"x"} ] }`, "a:INTEGER b:TEXT", `{"a":1,"b":null} {"a":null,"b":"x"}`, ""},
		"values":          {array, `[[1,"x"],[2,null]]`, "column1:INTEGER column2:TEXT", `{"column1":1,"column2":"x"} {"column1":2,"column2":null}`, ""},
		"a row":           {array, `{"a":{"x":1},"b":[{"c":1}]}`, "a:TEXT b:TEXT", `{"a":"{\"x\":1}","b":"[{\"c\":1}]"}`, ""},
		"two rows":        {array, `{"a":{"0":1}}{"a":{"0":2}}`, "a:TEXT", `{"a":"{\"0\":1}"} {"a":"{\"0\":2}"}`, ""},
		"unclear":         {array, `{"home":{"x":1},"work":{"x":2}}`, "home:TEXT work:TEXT", `{"home":"{\"x\":1}","work":"{\"x\":2}"}`, `orient="records"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			result := w.must(tt.data, options{Format: tt.format})
			if got := columnsOf(result); got != strings.TrimSpace(tt.found) {
				t.Errorf("found %q, want %q", got, tt.found)
			}
			if got := w.lines("t"); got != tt.rows {
				t.Errorf("rows\n%s, want\n%s", got, tt.rows)
			}
			if got := strings.Join(result.Notes, " "); !strings.Contains(got, tt.note) || (tt.note == "") != (got == "") {
				t.Errorf("notes %q, want %q", got, tt.note)
			}
		})
	}
}

// An array without rows is zero rows for an existing table.
func TestEmptyJSON(t *testing.T) {
	for _, data := range []string{"[]", " [ ] \n"} {
		w := start(t)
		w.rows("CREATE TABLE had(a); INSERT INTO had VALUES (1)")
		for _, mode := range []string{daemonapi.ImportCreate, daemonapi.ImportAppend, daemonapi.ImportReplace} {
			if _, err := w.try(data, options{Format: daemonapi.TransferJSON, Table: "t", Mode: mode}); mode != daemonapi.ImportAppend && (!errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "create the table, then")) || err == nil {
				t.Errorf("%s into no table: %v", mode, err)
			}
		}
		if r := w.must(data, options{Format: daemonapi.TransferJSON, Table: "had", Mode: daemonapi.ImportAppend}); r.Rows != 0 || w.rows("SELECT * FROM had") != "1" {
			t.Errorf("appended: %+v", r)
		}
		if r := w.must(data, options{Format: daemonapi.TransferJSON, Table: "had", Mode: daemonapi.ImportReplace}); r.Rows != 0 || w.rows("SELECT count(*) FROM had") != "0" {
			t.Errorf("replaced: %+v", r)
		}
	}
}

// Values go into an existing table unchanged, and generated columns are left
// out.
func TestJSONIntoATable(t *testing.T) {
	w := start(t)
	w.rows(`CREATE TABLE s(id INTEGER PRIMARY KEY, done INT, r REAL, b BLOB, " x " ANY, g INT AS (id * 2), t TEXT) STRICT`)
	w.rows(`CREATE TABLE "loose"(a, b TEXT, c NUMERIC, d REAL, "" BLOB, s AS (a) STORED)`)
	for mode, data := range map[string]string{
		"append":  `[{"id":1,"done":true,"r":-Infinity,"b":{"base64":"QQ=="}," x ":"1","g":5,"t":1.50},{"id":2,"done":false,"r":3,"b":null," x ":1,"t":"é"}]`,
		"replace": `[[1,true,{"real":"-Infinity"},{"base64":"QQ=="},"1",5,1.50],[2,0,3.0,null,1,6,"é"]]`,
	} {
		w.rows("DELETE FROM s")
		r := w.must(data, options{Format: daemonapi.TransferJSON, Table: "s", Mode: mode})
		if got := w.rows(`SELECT id, done, quote(r), quote(b), quote(" x "), g, quote(t) FROM s`); got != "1|1|-9.0e+999|X'41'|'1'|2|'1.50' 2|0|3.0|NULL|1|4|'é'" {
			t.Errorf("%s: %s", mode, got)
		}
		if len(r.Columns) != 6 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "g") {
			t.Errorf("%s: %+v", mode, r)
		}
	}
	w.must(`[{"a":1,"b":1,"c":2.0,"d":-0.0,"":{"base64":"/w==","as":"text"},"S":7},{"a":1.5,"b":"x","c":"1","d":{"real":"Infinity"},"":"1"},{"a":"1"}]`, options{Format: daemonapi.TransferJSON, Table: "loose", Mode: "append"})
	if got := w.rows(`SELECT quote(a), quote(b), quote(c), quote(d), typeof(""), hex(""), quote(s) FROM loose`); got != "1|'1'|2|0.0|text|FF|1 1.5|'x'|1|9.0e+999|text|31|1.5 '1'|NULL|NULL|NULL|null||'1'" {
		t.Error(got)
	}
	if _, err := w.try(`[{"S":1}]`, options{Format: daemonapi.TransferJSON, Table: "loose", Mode: "append"}); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
}

// An object of rows above the size limit is rejected, with advice.
func TestLargeObjectOfRows(t *testing.T) {
	w := start(t)
	w.limits.Row = 1000
	var b strings.Builder
	for i := range 100 {
		b.WriteString(`,"` + strings.Repeat("1", 1+i%9) + `":{"a":"` + strings.Repeat("x", 50) + `"}`)
	}
	if _, err := w.try("{"+b.String()[1:]+"}", options{Format: daemonapi.TransferJSON}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "1000 bytes") || !strings.Contains(err.Error(), `orient="records"`) {
		t.Error(err)
	}
	w.limits.Row = 64 << 20
	b.Reset()
	for i := range maxMembers {
		b.WriteString(`,"` + strconv.Itoa(i) + `":1`)
	}
	if _, err := w.try(`{"a":{`+b.String()[1:]+`}}`, options{Format: daemonapi.TransferJSON}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), `and 262143 rows`) {
		t.Errorf("%.300v", err)
	}
	w.limits.Row = 1000
	// Rows within an object are read one by one.
	rows := strings.Repeat(`{"a":"`+strings.Repeat("x", 500)+`"},`, 100)
	if r := w.must(`{"schema":{},"data":[`+rows[:len(rows)-1]+`]}`, options{Format: daemonapi.TransferJSON}); r.Rows != 100 {
		t.Errorf("%d rows", r.Rows)
	}
}
