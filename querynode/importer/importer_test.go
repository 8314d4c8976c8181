//go:build cgo && (linux || darwin)

package importer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

type options = daemonapi.ImportOptions

// Dialect, header and types are detected.
func TestFound(t *testing.T) {
	for name, tt := range map[string]struct {
		data    string
		o       options
		found   string // delimiter and columns
		rows    string // as stored, with their types
		encoded string
	}{
		"plain":        {"id,name\n1,Ann\n2,Bob\n", options{}, ", id:INTEGER name:TEXT", "integer:1 text:Ann integer:2 text:Bob", ""},
		"no header":    {"1,Ann\n2,Bob", options{}, ", column1:INTEGER column2:TEXT", "integer:1 text:Ann integer:2 text:Bob", ""},
		"header given": {"a,b\nc,d\n", options{Header: "no"}, ", column1:TEXT column2:TEXT", "text:a text:b text:c text:d", ""},
		"semicolon":    {"a;b\n1,5;x\n2,5;y\n", options{}, "; a:REAL b:TEXT", "real:1.5 text:x real:2.5 text:y", ""},
		"tab":          {"a\tb\n1\t2.5\n", options{}, "\t a:INTEGER b:REAL", "integer:1 real:2.5", ""},
		"tsv":          {"a\tb,c,d\n1\t2,3,4\n", options{Format: daemonapi.TransferTSV}, "\t a:INTEGER b,c,d:TEXT", "integer:1 text:2,3,4", ""},
		"bar":          {"a|b\r\n1|2\r\n", options{}, "| a:INTEGER b:INTEGER", "integer:1 integer:2", ""},
		"CR":           {"a,b\r1,2\r3,4\r", options{}, ", a:INTEGER b:INTEGER", "integer:1 integer:2 integer:3 integer:4", ""},
		"quotes":       {"a,b\n\"1,\"\"2\"\"\",\"x\ny\"\n", options{}, ", a:TEXT b:TEXT", "text:1,\"2\" text:x\ny", ""},
		"backslash":    {`a,b` + "\n" + `"say \"hi\", you",1` + "\n" + `"x\\",2`, options{}, ", a:TEXT b:INTEGER", `text:say "hi", you integer:1 text:x\ integer:2`, ""},
		"apostrophes":  {"a,b\n'x,y',1\n'it''s',2\n", options{}, ", a:TEXT b:INTEGER", "text:x,y integer:1 text:it's integer:2", ""},
		"no quotes":    {"a,b\n'tis,1\nx,2\n", options{}, ", a:TEXT b:INTEGER", "text:'tis integer:1 text:x integer:2", ""},
		"empty, NULL":  {"a,b\n,\"\"\n\\N,x\n", options{Null: `\N`}, ", a:TEXT b:TEXT", "null:NULL text: null:NULL text:x", ""},
		"exact":        {"a,b,c,d,e,f,g\n007,+1,1e5,1.50,2024-01-02,\"1,000\",true\n", options{}, ", a:TEXT b:TEXT c:REAL d:REAL e:TEXT f:TEXT g:INTEGER", "text:007 text:+1 real:100000 real:1.5 text:2024-01-02 text:1,000 integer:1", ""},
		"overflow":     {"a,b\n9223372036854775807,9223372036854775808\n1,2\n", options{}, ", a:INTEGER b:TEXT", "integer:9223372036854775807 text:9223372036854775808 integer:1 text:2", ""},
		"mixed":        {"a,b\n1,9007199254740993\n2.5,0.5\n", options{}, ", a:REAL b:TEXT", "real:1 text:9007199254740993 real:2.5 text:0.5", ""},
		"late":         {"a\n" + strings.Repeat("1\n", 3000) + "x\n", options{}, ", a:TEXT", strings.TrimSpace(strings.Repeat("text:1 ", 3000) + "text:x"), ""},
		"names":        {" a ,A,,b\n1,2,3,4\n", options{Header: "yes"}, ", a:INTEGER A_2:INTEGER column3:INTEGER b:INTEGER", "integer:1 integer:2 integer:3 integer:4", ""},
		"one column":   {"a\n1\n\n2\n", options{}, ", a:INTEGER", "integer:1 null:NULL integer:2", ""},
		"empty lines":  {"\n\na,b\n\n1,2\n\n", options{}, ", a:INTEGER b:INTEGER", "integer:1 integer:2", ""},
		"NUL":          {"a,b\nx\x00y,1\n", options{}, ", a:TEXT b:INTEGER", "text:x\x00y integer:1", ""},
		"json":         {`[{"a":1,"b":"1"},{"c":[1, {"x":"]"}],"a":2.5,"b":null},{"a":3,"d":true}]`, options{Format: daemonapi.TransferJSON}, " a:REAL b:TEXT c:TEXT d:INTEGER", `real:1 text:1 null:NULL null:NULL real:2.5 null:NULL text:[1, {"x":"]"}] null:NULL real:3 null:NULL null:NULL integer:1`, ""},
		"json arrays":  {"[[1,\"a\\u00e4\"],\n[2]]", options{Format: daemonapi.TransferJSON}, " column1:INTEGER column2:TEXT", "integer:1 text:aä integer:2 null:NULL", ""},
		"json digits":  {`[{"a":1.50,"b":1e2,"c":0.12345678901234567890,"d":12345678901234567890}]`, options{Format: daemonapi.TransferJSON}, " a:REAL b:REAL c:TEXT d:TEXT", "real:1.5 real:100 text:0.12345678901234567890 text:12345678901234567890", ""},
		"ndjson":       {"{\"a\":1}\n\n{\"a\":2,\"\":3}\r\n", options{Format: daemonapi.TransferNDJSON}, " a:INTEGER column2:INTEGER", "integer:1 null:NULL integer:2 integer:3", ""},
		"BOM":          {"\xEF\xBB\xBFa,b\n1,ä\n", options{}, ", a:INTEGER b:TEXT", "integer:1 text:ä", "utf-8"},
		"latin-1":      {"a,b\n1,caf\xE9 \x80\n", options{}, ", a:INTEGER b:TEXT", "integer:1 text:café €", "latin-1"},
		"utf-16le":     {utf16Text("a,b\n1,ä😀\n", false, true), options{}, ", a:INTEGER b:TEXT", "integer:1 text:ä😀", "utf-16le"},
		"utf-16be":     {utf16Text("a,b\n1,ä😀\n", true, false), options{}, ", a:INTEGER b:TEXT", "integer:1 text:ä😀", "utf-16be"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			result := w.must(tt.data, tt.o)
			if got := result.Delimiter + " " + columnsOf(result); got != tt.found {
				t.Errorf("found %q, want %q", got, tt.found)
			}
			var cells []string
			for _, c := range result.Columns {
				n := quoteName(c.Name)
				cells = append(cells, "typeof("+n+") || ':' || coalesce(CAST("+n+" AS TEXT), 'NULL')")
			}
			got := w.rows(strings.ReplaceAll("SELECT replace(X, '.0', '') FROM t", "X", strings.Join(cells, "||' '||")))
			if got != tt.rows {
				t.Errorf("rows\n%.300q, want\n%.300q", got, tt.rows)
			}
			if tt.encoded != "" && result.Encoding != tt.encoded {
				t.Errorf("encoding %s", result.Encoding)
			}
		})
	}
}

func utf16Text(s string, big, mark bool) string {
	if mark {
		s = "\uFEFF" + s
	}
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// Names of columns differ as in SQLite, which folds ASCII only: each value goes
// to its own column.
func TestNamesWithCapitalsBeyondASCII(t *testing.T) {
	w := start(t)
	if got := columnsOf(w.must("\u00e9,\u00c9,e,E\n1,2,3,4\n", options{Header: "yes"})); got != "\u00e9:INTEGER \u00c9:INTEGER e:INTEGER E_2:INTEGER" {
		t.Errorf("found %s", got)
	}
	w.must("e,\u00c9,\u00e9\n7,6,5\n", options{Mode: "append", Header: "yes"})
	if got := w.rows("SELECT \"\u00e9\", \"\u00c9\", e, E_2 FROM t ORDER BY 1"); got != "1|2|3|4 5|6|7|NULL" {
		t.Errorf("rows %s", got)
	}
}

// Invalid data is rejected with its line, and the database stays unchanged.
func TestRefused(t *testing.T) {
	w := start(t)
	w.rows("CREATE TABLE had (a UNIQUE, b)")
	w.rows("INSERT INTO had VALUES (1, 2)")
	w.rows("CREATE VIEW v AS SELECT 1 AS a")
	wide := strings.Repeat("1,", 2000) + "1\n"
	for name, tt := range map[string]struct {
		data string
		o    options
		code errs.Code
		part string
	}{
		"ragged":       {"a,b\n1,2\n\n1\n", options{}, errs.Invalid, "Line 4: the row has 1 fields instead of 2"},
		"unclosed":     {"a,b\n1,2\n3,\"x\n4,5\n", options{Quote: `"`}, errs.Invalid, "Line 3: a quote opens"},
		"stray":        {"a,b\n\"x\"y,2\n", options{Quote: `"`}, errs.Invalid, "Line 2: text follows the closing quote"},
		"constraint":   {"a,b\n2,\"2\n\"\n1,1\n", options{Table: "had", Mode: "append"}, errs.SQL, "Line 4: UNIQUE"},
		"exists":       {"a\n1\n", options{Table: "had"}, errs.Conflict, "append or replace"},
		"missing":      {"a\n1\n", options{Mode: "append"}, errs.NotFound, "t"},
		"other column": {"a,x\n1,2\n", options{Table: "had", Mode: "append"}, errs.Invalid, "no column x"},
		"fewer":        {"1\n2\n", options{Table: "had", Mode: "append"}, errs.Invalid, "2 columns and the data 1"},
		"view":         {"a\n1\n", options{Table: "v", Mode: "append"}, errs.Invalid, "view"},
		"own":          {"a\n1\n", options{Table: "sqlite_schema", Mode: "append"}, errs.Invalid, "belongs to SQLite"},
		"reserved":     {"a\n1\n", options{Table: "sqlite_x"}, errs.SQL, "reserved"},
		"wide":         {wide, options{}, errs.Invalid, "more than 2000 fields"},
		"not utf-8":    {"a\nx\n\xFF\n", options{Encoding: "utf-8"}, errs.Invalid, "Line 3: the row is not valid UTF-8"},
		"nothing":      {"", options{}, errs.Invalid, "no rows"},
		"no table":     {"a\n", options{Table: "\x00"}, errs.Invalid, "option table is missing"},
		"format":       {"a\n", options{Format: "xml"}, errs.Invalid, "csv tsv"},
		"delimiter":    {"a\n", options{Delimiter: "ä"}, errs.Invalid, "ASCII"},
		"json":         {"[{\"a\":1},\n{\"a\":}]", options{Format: daemonapi.TransferJSON, OnError: "skip"}, errs.Invalid, "Line 2: this is not JSON"},
		"json open":    {"[{\"a\":1},\n\n{\"a\":\"", options{Format: daemonapi.TransferJSON}, errs.Invalid, "Line 3: the row that begins here"},
		"json comma":   {"[{\"a\":1} {\"a\":1}]", options{Format: daemonapi.TransferJSON}, errs.Invalid, "comma"},
		"json after":   {"[{\"a\":1}] 5", options{Format: daemonapi.TransferJSON}, errs.Invalid, "text follows the array"},
		"json end":     {"[{\"a\":1}", options{Format: daemonapi.TransferJSON}, errs.Invalid, "not closed"},
		"json scalar":  {"[1]", options{Format: daemonapi.TransferJSON}, errs.Invalid, "object or array"},
		"json mixture": {"{\"a\":1}\n[1]", options{Format: daemonapi.TransferNDJSON}, errs.Invalid, "Line 2: rows have to be all"},
		"ndjson":       {"{\"a\":1}\n{\"a\":\n", options{Format: daemonapi.TransferNDJSON}, errs.Invalid, "Line 2: this is not JSON"},
	} {
		result, err := w.try(tt.data, tt.o)
		if !errs.Is(err, tt.code) || !strings.Contains(errs.Public(err).Message, tt.part) {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
	if got := w.rows("SELECT name FROM sqlite_schema ORDER BY name") + w.rows(" SELECT * FROM had"); got != "had sqlite_autoindex_had_1 v1|2" {
		t.Errorf("left behind: %s", got)
	}
}

// With on_error=skip, rejected rows are left out and reported.
func TestSkip(t *testing.T) {
	w := start(t)
	w.rows("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (b <> 'no'))")
	w.rows("CREATE TRIGGER g BEFORE INSERT ON t WHEN new.b = 'ignored' BEGIN SELECT RAISE(IGNORE); END")
	const data = "b,a\nx,1\n\"y\nz\",2\nshort\nno,3\nx,1\nignored,9\nlast,4\n"
	o := options{Mode: "append", OnError: "skip"}
	result := w.must(data, o)
	var lines []string
	for _, b := range result.Bad {
		lines = append(lines, fmt.Sprint(b.Line, " ", b.Message))
	}
	const want = "5 the row has 1 fields instead of 2/6 CHECK constraint failed: b <> 'no'/7 UNIQUE constraint failed: t.a/8 A constraint or trigger of the table leaves the row out"
	if got := strings.Join(lines, "/"); got != want || result.Rows != 3 || result.Skipped != 4 || result.Created {
		t.Errorf("%+v\n%s", result, got)
	}
	if got := w.rows("SELECT * FROM t"); got != "1|x 2|y\nz 4|last" {
		t.Errorf("rows: %q", got)
	}
	// A trigger that rolls the transaction back rolls all of it back.
	w.rows("CREATE TRIGGER h BEFORE INSERT ON t WHEN new.a = 8 BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END")
	if _, err := w.try("a,b\n7,x\n8,x\n9,x\n", o); !errs.Is(err, errs.SQL) || !strings.Contains(err.Error(), "Line 3: all of it") {
		t.Errorf("rolled back: %v", err)
	}
	if got := w.rows("SELECT max(a) FROM t"); got != "4" {
		t.Errorf("rows stay: %s", got)
	}
}

// A dry run reports all errors and changes no data.
func TestDryRun(t *testing.T) {
	w := start(t)
	result := w.must("a,b\n1,x\n2\n3,\n", options{DryRun: true})
	shown := ""
	for _, r := range result.Preview {
		for _, c := range r {
			if c == nil {
				shown += "NULL "
			} else {
				shown += *c + " "
			}
		}
	}
	if shown != "1 x 3 NULL " || result.Rows != 2 || result.Skipped != 1 || len(result.Bad) != 1 || !result.Created || !result.DryRun {
		t.Errorf("%+v: %s", result, shown)
	}
	if got := w.rows("SELECT count(*) FROM sqlite_schema"); got != "0" {
		t.Errorf("tables: %s", got)
	}
}

func TestModes(t *testing.T) {
	w := start(t)
	w.must("id,name\n1,x\n", options{})
	w.rows("CREATE INDEX i ON t (name)")
	w.must("NAME,id\ny,2\n", options{Mode: "append"})
	w.must("3,z\n", options{Mode: "append", Header: "no"})
	if got := w.rows("SELECT * FROM t"); got != "1|x 2|y 3|z" {
		t.Errorf("appended: %s", got)
	}
	if r := w.must("id,name\n9,n\n", options{Mode: "replace"}); r.Created || w.rows("SELECT * FROM t")+w.rows("SELECT count(*) FROM sqlite_schema") != "9|n2" {
		t.Errorf("replaced: %+v", r)
	}
	if r := w.must("other\n9\n", options{Mode: "replace"}); !r.Created || w.rows("SELECT other FROM t")+w.rows("SELECT count(*) FROM sqlite_schema") != "91" {
		t.Errorf("made anew: %+v", r)
	}
	// The declared types of the columns decide what is stored.
	w.rows("CREATE TABLE u (n INTEGER, s TEXT, x)")
	w.must("s,n,x\n007,007,7\n", options{Table: "u", Mode: "append"})
	if got := w.rows("SELECT typeof(n), n, typeof(s), s, typeof(x) FROM u"); got != "integer|7|text|007|integer" {
		t.Errorf("converted: %s", got)
	}
}

// A table that is exported and imported again has the same values.
func TestRoundTrip(t *testing.T) {
	const nasty = "\"id\",\"s\",\"r\"\r\n1,\"a,\"\"b\"\"\r\nc\rd\ne\",0.1\r\n2,,-2.5\r\n3,\"\",1.0\r\n4,\" ä😀\u00a0日本 \",100000000000000000000.0\r\n5,\"'x\",\r\n6,\"\r\",3.0\r\n7,\"\\\",0.000001234567\r\n8,\"NULL\",5.0\r\n"
	w := start(t)
	first := w.must(nasty, options{Table: "a"})
	out := w.csv("a")
	if out != nasty {
		t.Fatalf("exported\n%q, was\n%q", out, nasty)
	}
	second := w.must(out, options{Table: "b"})
	if columnsOf(first) != "id:INTEGER s:TEXT r:REAL" || columnsOf(second) != columnsOf(first) {
		t.Errorf("columns %s, then %s", columnsOf(first), columnsOf(second))
	}
	if got := w.rows("SELECT count(*) FROM a JOIN b USING (id) WHERE a.s IS b.s AND a.r IS b.r AND typeof(a.s) = typeof(b.s)"); got != "8" {
		t.Errorf("%s rows are the same", got)
	}
}

const dump = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE c (p REFERENCES p);\nINSERT INTO c VALUES (1);\n" +
	"CREATE TABLE p (id INTEGER PRIMARY KEY, s);\nINSERT INTO p VALUES (1, 'a;\n--');\nCREATE TRIGGER g AFTER INSERT ON p BEGIN SELECT 1; END;\n"

func TestScript(t *testing.T) {
	sql := options{Format: daemonapi.TransferSQL}
	w := start(t)
	if r := w.must(dump+"COMMIT;\nPRAGMA foreign_keys=ON;\n", sql); r.Rows != 2 || w.rows("SELECT s FROM p JOIN c ON p = id") != "a;\n--" {
		t.Errorf("%+v", r)
	}
	if w.rows("PRAGMA foreign_keys") != "1" {
		t.Error("foreign keys stay unchecked")
	}
	for name, tt := range map[string]struct{ script, part string }{
		"not complete":  {"BEGIN;\nINSERT INTO p VALUES (7, 1);\n", "incomplete"},
		"statement":     {"SELECT 1;\n\nINSERT INTO p VALUES (7, 1);\nINSERT INTO nowhere VALUES (1);", "Line 4: no such table"},
		"attach":        {"ATTACH 'x' AS y;", "ATTACH is not available"},
		"vacuum":        {"INSERT INTO p VALUES (7, 1);\nVACUUM;", "Line 2: This statement cannot be part"},
		"into":          {"VACUUM INTO 'x';", "VACUUM INTO"},
		"schema":        {"PRAGMA writable_schema=ON;\nINSERT INTO sqlite_schema VALUES('table','x','x',0,'CREATE VIRTUAL TABLE x USING fts5(y)');", "Line 2: An INSERT into the schema is accepted only"},
		"schema table":  {"INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','x','x',3,'CREATE TABLE x(y)');", "Line 1: An INSERT into the schema is accepted only"},
		"schema change": {"PRAGMA writable_schema=ON;\nUPDATE sqlite_schema SET sql = '';", "Line 2: table sqlite_master may not be modified"},
		"rollback":      {"BEGIN;\nINSERT INTO p VALUES (7, 1);\nROLLBACK;", "Line 3: ROLLBACK has no place"},
		"savepoint":     {"SAVEPOINT a;", "SAVEPOINT has no place"},
		"twice":         {"BEGIN;\nBEGIN;", "Line 2: BEGIN has no place"},
		"deferred":      {"PRAGMA defer_foreign_keys=ON;\nINSERT INTO c VALUES (99);", "FOREIGN KEY"},
		"long":          {"SELECT 1;\nSELECT '" + strings.Repeat("x", 17<<20) + "';", "Line 2: the statement has more"},
	} {
		if _, err := w.try(tt.script, sql); err == nil || !strings.Contains(errs.Public(err).Message, tt.part) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := w.rows("SELECT count(*), max(id) FROM p"); got != "1|1" {
		t.Errorf("left behind: %s", got)
	}
	skip := options{Format: daemonapi.TransferSQL, OnError: "skip"}
	if r := w.must("INSERT INTO p VALUES (1, 1);\nINSERT INTO p VALUES (2, 2);", skip); r.Rows != 1 || r.Skipped != 1 || r.Bad[0].Line != 1 {
		t.Errorf("%+v", r)
	}
	if r := w.must("DELETE FROM c; DELETE FROM p; DROP TABLE p;", options{Format: daemonapi.TransferSQL, DryRun: true}); r.Rows != 3 || w.rows("SELECT count(*) FROM p") != "2" {
		t.Errorf("%+v", r)
	}
}

// The size of a row is limited; later rows are still read.
func TestLargeRow(t *testing.T) {
	w := start(t)
	w.limits.Row = 100_000
	large := strings.Repeat("x", 100_001)
	for format, data := range map[daemonapi.TransferFormat]string{
		daemonapi.TransferCSV: "a,b\n1,2\n3,\"" + large + "\"\n4,5\n", daemonapi.TransferNDJSON: "{\"a\":1}\n\n{\"a\":\"" + large + "\"}\n{\"a\":4}", daemonapi.TransferJSON: "[{\"a\":1},\n\n{\"a\":\"" + large + "\"},{\"a\":4}]",
	} {
		if _, err := w.try(data, options{Format: format}); !errs.Is(err, errs.TooLarge) || !strings.HasPrefix(errs.Public(err).Message, "Line 3: the row has more") {
			t.Errorf("%s: %v", format, err)
		}
		r := w.must(data, options{Format: format, Table: string(format), OnError: "skip"})
		if r.Rows != 2 || r.Skipped != 1 || r.Bad[0].Line != 3 || w.rows("SELECT sum(a) FROM "+string(format)) != "5" {
			t.Errorf("%s: %+v", format, r)
		}
	}
	if r, err := w.try("a\n"+large+"\n1\n", options{Table: "alone"}); !errs.Is(err, errs.TooLarge) {
		t.Errorf("a large field alone is taken for an empty line: %+v, %v", r, err)
	}
	w.limits.Data = 1000
	if _, err := w.try(large, options{}); !errs.Is(err, errs.TooLarge) {
		t.Errorf("too much: %v", err)
	}
	if _, err := w.from(iotest.ErrReader(errs.E(errs.Canceled, "gone")), options{}); !errs.Is(err, errs.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// The test uses the limit of columns and nearly the limit of a database.
func TestBounds(t *testing.T) {
	w := start(t, func(o *engine.Options) { o.DatabaseBytes = 1 << 20 })
	w.limits.Data = 0
	if r := w.must(strings.Repeat("1,", 1999)+"1\n", options{Table: "wide"}); len(r.Columns) != 2000 || r.Rows != 1 {
		t.Errorf("%d columns", len(r.Columns))
	}
	_, err := w.from(bytes.NewReader([]byte("a,b\n"+strings.Repeat("1,0123456789012345678901234567890123456789\n", 50_000))), options{Format: daemonapi.TransferCSV, Table: "full", OnError: "skip"})
	if !errs.Is(err, errs.Full) {
		t.Errorf("full: %v", err)
	}
	if got := w.rows("SELECT name FROM sqlite_schema"); got != "wide" {
		t.Errorf("tables: %s", got)
	}
}
