//go:build cgo && (linux || darwin)

package importer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// literals returns a table: its columns, then its rows as SQL literals.
func (w *world) literals(r daemonapi.ImportResult) string {
	w.t.Helper()
	var cells []string
	for _, c := range r.Columns {
		cells = append(cells, "quote("+quoteName(c.Name)+")")
	}
	return columnsOf(r) + " / " + w.rows("SELECT "+strings.Join(cells, "||','||")+" FROM "+quoteName(r.Table))
}

// Options override detection, and impossible ones are rejected.
func TestOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		data string
		o    options
		want string // part of an error, if it begins with !
	}{
		"quote none":        {"a,b\n\"x,1\ny\",2\n", options{Quote: "none"}, "a:TEXT b:INTEGER / '\"x',1 'y\"',2"},
		"quote given":       {"a,b\n\"x,1\ny\",2\n", options{Quote: `"`}, "a:TEXT b:INTEGER / 'x,1\ny',2"},
		"delimiter none":    {"a\n1,2,3\n3,4,5\n", options{Delimiter: "none"}, "a:TEXT / '1,2,3' '3,4,5'"},
		"delimiter code":    {"a\x01b\n1\x012\n", options{Delimiter: `\x01`}, "a:INTEGER b:INTEGER / 1,2"},
		"delimiter name":    {"a b,c\n1 2,3\n", options{Delimiter: "space"}, "a:INTEGER b,c:REAL / 1,2.3"},
		"escape":            {"a,b\n1,x^,y^^\n", options{Quote: "none", Escape: "^"}, "a:INTEGER b:TEXT / 1,'x,y^'"},
		"escape codes":      {"a,b\n1,x\\ty\\nz\\N\n2,\\N\n", options{Quote: "none", Escape: `\`}, "a:INTEGER b:TEXT / 1,'x\ty\nz\\N' 2,NULL"},
		"escape none":       {"a\tb\n\\N\tx\\\\y\n", options{Format: daemonapi.TransferTSV, Escape: "none", Null: "-"}, `a:TEXT b:TEXT / '\N','x\\y'`},
		"comment":           {"# one\na,b\n1,2\n#3,4\n5,6\n", options{Comment: "#"}, "a:INTEGER b:INTEGER / 1,2 5,6"},
		"skip lines":        {"x\n\"y\na,b\n1,2\n", options{SkipLines: 2}, "a:INTEGER b:INTEGER / 1,2"},
		"skip all":          {"a,b\n1,2\n", options{SkipLines: 9}, "!The data has no rows"},
		"trim":              {" a , b \n 1 , \"x y\" \n2,  z\n", options{Trim: true}, "a:INTEGER b:TEXT / 1,'x y' 2,'z'"},
		"no trim":           {"a,b\n1, z \n", options{}, "a:INTEGER b:TEXT / 1,' z '"},
		"types":             {"id,price,zip,n\n007,5,01234,x\n", options{Types: map[string]string{"ID": "integer", "price": "REAL"}}, "id:INTEGER price:REAL zip:TEXT n:TEXT / 7,5.0,'01234','x'"},
		"types text":        {"a,b\n1,2\n", options{Types: map[string]string{"a": "TEXT"}}, "a:TEXT b:INTEGER / '1',2"},
		"types wrong value": {"a\n1\nx\n", options{Types: map[string]string{"a": "INTEGER"}}, "!Line 3: x is not of the type INTEGER that the options set for the column a"},
		"types skip":        {"a\n1\nx\n", options{Types: map[string]string{"a": "INTEGER"}, OnError: "skip"}, "a:INTEGER / 1"},
		"types no column":   {"a\n1\n", options{Types: map[string]string{"b": "INTEGER"}}, "!The option types has a column b, which the data has not; its columns: a"},
		"types no type":     {"a\n1\n", options{Types: map[string]string{"a": "DATE"}}, "!INTEGER, REAL or TEXT, not DATE"},
		"types comma":       {"a;b\n4,5;x\n", options{Types: map[string]string{"a": "REAL"}}, "a:REAL b:TEXT / 4.5,'x'"},
		"nulls":             {"a,b\n-,1\n?,2\nx,NA\n", options{Nulls: []string{"-", "?"}}, "a:TEXT b:TEXT / NULL,'1' NULL,'2' 'x','NA'"},
		"no nulls":          {"a,b\nNA,1\n,2\n", options{Nulls: []string{""}}, "a:TEXT b:INTEGER / 'NA',1 NULL,2"},
		"quoted null":       {"a,b\n\"-\",1\n-,2\n", options{Null: "-"}, "a:TEXT b:INTEGER / '-',1 NULL,2"},
		"negative":          {"a\n1\n", options{SkipLines: -1}, "!0 or more"},
		"same":              {"a\n1\n", options{Delimiter: ",", Quote: ","}, "!must differ from quote"},
		"long":              {"a\n1\n", options{Escape: "ab"}, "!The import option escape must be one ASCII character"},
		"encoding":          {"a\n1\n", options{Encoding: "klingon"}, "!The encoding klingon is unknown"},
		"replacement":       {"a\n1\n", options{Encoding: "iso-2022-kr"}, "!The encoding iso-2022-kr is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			r, err := w.try(tt.data, tt.o)
			if part, fails := strings.CutPrefix(tt.want, "!"); fails {
				if !errs.Is(err, errs.Invalid) || !strings.Contains(errs.Public(err).Message, part) {
					t.Errorf("%+v, %v", r, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := w.literals(r); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// The types of single columns are detected.
func TestGuessedTypes(t *testing.T) {
	for name, tt := range map[string]struct{ cells, want string }{
		"decimals":         {"4.50 10.00", "REAL"},
		"whole":            {"1 2.0", "REAL"},
		"exponents":        {"1e-07 1E+2 3", "REAL"},
		"points":           {".5 5. -.25", "REAL"},
		"infinite":         {"1 inf -Infinity NaN", "REAL"},
		"only NaN":         {"NaN nan", "TEXT"},
		"leading zero":     {"1 007", "TEXT"},
		"decimals, zero":   {"1.5 00.5", "TEXT"},
		"phone":            {"+431234 5", "TEXT"},
		"long":             {"1234567890123456789 1", "INTEGER"},
		"longer":           {"12345678901234567890 1", "TEXT"},
		"long and real":    {"9007199254740993 0.5", "TEXT"},
		"exact and real":   {"9007199254740992 0.5", "REAL"},
		"many digits":      {"0.12345678901234567890", "TEXT"},
		"17 digits":        {"0.30000000000000004", "REAL"},
		"all digits":       {"0.3000000000000000444", "REAL"},
		"minus sign":       {"\u22125 1E\u221207", "REAL"},
		"booleans":         {"true false", "INTEGER"},
		"words":            {"WAHR FALSCH", "INTEGER"},
		"letters":          {"t f", "INTEGER"},
		"one letter":       {"f f", "TEXT"},
		"boolean, number":  {"TRUE 1", "TEXT"},
		"boolean and text": {"true maybe", "TEXT"},
		"hexadecimal":      {"0x10 1_000", "TEXT"},
		"huge exponent":    {"1e400", "TEXT"},
		"dates":            {"2024-01-02 2024-01-03", "TEXT"},
	} {
		w := start(t)
		r := w.must("k,v\nx,"+strings.ReplaceAll(tt.cells, " ", "\nx,")+"\n", options{Header: "yes"})
		if got := r.Columns[1].Type; got != tt.want {
			t.Errorf("%s: %s is %s", name, tt.cells, got)
		}
	}
}

// If other columns have decimal commas, a point may separate thousands: 128.928
// people are not 129.
func TestGuessedThousands(t *testing.T) {
	for name, tt := range map[string]struct{ data, types, note string }{
		"beside a comma": {"a;b\n128.928;118,69\n111.191;114,77\n", "TEXT REAL", "The column a stays text"},
		"all of them":    {"a;b\n3.755.251;118,69\n111.191;114,77\n", "TEXT REAL", ""},
		"others too":     {"a;b\n128.928;118,69\n1.5;114,77\n", "REAL REAL", ""},
		"no comma":       {"a;b\n128.928;118\n111.191;114\n", "REAL INTEGER", ""},
		"below one":      {"a;b\n0.928;1,5\n0.191;2,5\n", "REAL REAL", ""},
	} {
		r := start(t).must(tt.data, options{})
		if got := r.Columns[0].Type + " " + r.Columns[1].Type; got != tt.types {
			t.Errorf("%s: %s", name, got)
		}
		if notes := strings.Join(r.Notes, "|"); tt.note == "" && strings.Contains(notes, "thousands") || !strings.Contains(notes, tt.note) {
			t.Errorf("%s: %s", name, notes)
		}
	}
	r := start(t).must("a;b\n128.928;118,69\n", options{Types: map[string]string{"a": "REAL"}})
	if r.Columns[0].Type != "REAL" {
		t.Errorf("given: %v", r.Columns)
	}
}

// A detected encoding is reported, in every format.
func TestEncodingIsSaid(t *testing.T) {
	for format, data := range map[daemonapi.TransferFormat]string{
		daemonapi.TransferCSV: "a\nM\xfcller\n", daemonapi.TransferJSON: "[{\"a\":\"M\xfcller\"}]", daemonapi.TransferNDJSON: "{\"a\":\"M\xfcller\"}\n",
		daemonapi.TransferSQL: "CREATE TABLE n(a); INSERT INTO n VALUES ('M\xfcller');",
	} {
		if r := start(t).must(data, options{Format: format}); !strings.Contains(strings.Join(r.Notes, "|"), "The encoding was detected as ") {
			t.Errorf("%s: %q", format, r.Notes)
		}
	}
}

// PRAGMA statements that configure a connection are left out. A quoted name is
// no PRAGMA.
func TestNoInstructions(t *testing.T) {
	w := start(t)
	r := w.must("PRAGMA journal_mode=WAL;\nPRAGMA synchronous = NORMAL;\nCREATE TABLE n(a);\nPRAGMA journal_mode=DELETE;\nINSERT INTO n VALUES (1);\n", options{Format: daemonapi.TransferSQL})
	if notes := strings.Join(r.Notes, "|"); r.Rows != 1 || strings.Count(notes, "journal_mode is left out") != 1 || !strings.Contains(notes, "synchronous") {
		t.Errorf("%d rows, %s", r.Rows, notes)
	}
	w = start(t)
	if r := w.must("\"sep=;\"\r\n\"x\"\r\n\"y\"\r\n", options{}); r.Rows != 2 || r.Columns[0].Name != "sep=;" {
		t.Errorf("%d rows, %v", r.Rows, r.Columns)
	}
}

// The words for NULL are those of one family of writers; other words are texts.
func TestGuessedNulls(t *testing.T) {
	for name, tt := range map[string]struct{ data, want string }{
		"R":            {"\"x\",\"y\"\n\"a\",1\nNA,NA\n\"NA\",2\n", "x:TEXT y:INTEGER / 'a',1 NULL,NULL 'NA',2"},
		"Namibia":      {"iso,n\nDE,1\nNA,2\n", "iso:TEXT n:INTEGER / 'DE',1 'NA',2"},
		"Namibia in R": {"iso,n\nDE,1\nNA,NA\n", "iso:TEXT n:INTEGER / 'DE',1 'NA',NULL"},
		"a name":       {"who\nNull\nNULL\nann\n", "who:TEXT / 'Null' 'NULL' 'ann'"},
		"alone":        {"a,b\n1,NULL\n2,NULL\n", "a:INTEGER b:TEXT / 1,NULL 2,NULL"},
		"numbers":      {"a\n1\nN/A\nnull\n", "a:INTEGER / 1 NULL NULL"},
		"empty text":   {"a\tb\n\\N\tx\n1\t\n", "a:INTEGER b:TEXT / NULL,'x' 1,''"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			o := options{Header: "yes"}
			if strings.Contains(tt.data, "\t") {
				o.Format = daemonapi.TransferTSV
			}
			if got := w.literals(w.must(tt.data, o)); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A header is recognized by the columns of the existing table, and by the cells
// below it.
func TestGuessedHeaders(t *testing.T) {
	long := strings.Repeat("n", 300)
	for name, tt := range map[string]struct {
		data   string
		header bool
	}{
		"long names":      {long + ",b\n1,2\n", true},
		"a date":          {"place,1/22/20,1/23/20\nx,1,2\ny,3,4\n", true},
		"numbers as data": {"a,1999\nb,2001\n", false},
		"steps":           {",0,1,2\n0,5,5,7\n", true},
		"quoted":          {"\"n\",\"1\"\n\"x\",5\n", true},
		"a gap":           {"NA,5\n3,6\n", false},
		"texts":           {"name,city\nann,Rome\n", true},
		"a text again":    {"ann,Rome\nbob,Rome\n", false},
		"equal texts":     {"x,x\na,b\n", false},
		"booleans":        {"TRUE,1\nFALSE,2\n", false},
	} {
		w := start(t)
		if r := w.must(tt.data, options{}); r.Header != tt.header {
			t.Errorf("%s: header %v: %s", name, r.Header, columnsOf(r))
		}
	}
	w := start(t)
	w.rows("CREATE TABLE t (id INTEGER, name TEXT, price DECIMAL(5,2), ok BOOLEAN)")
	r := w.must("name,id,price,ok\nx,7,4.50,TRUE\n", options{Mode: "append"})
	if columnsOf(r) != "name:TEXT id:INTEGER price:DECIMAL(5,2) ok:BOOLEAN" || w.rows("SELECT quote(id), quote(name), quote(price), quote(ok) FROM t") != "7|'x'|4.5|1" {
		t.Errorf("appended: %+v", r)
	}
	if r = w.must("5,y,1.25,FALSE\n", options{Mode: "append"}); r.Header || r.Rows != 1 {
		t.Errorf("appended without a header: %+v", r)
	}
	w.rows("CREATE TABLE u (a TEXT, b TEXT)")
	if r = w.must("ann,rome\nbob,paris\n", options{Table: "u", Mode: "append"}); r.Header || r.Rows != 2 {
		t.Errorf("texts for a table with other names: %+v", r)
	}
	if r = w.must("b,a\nx,x\n", options{Table: "u", Mode: "append", DryRun: true}); !r.Header || r.Rows != 1 || columnsOf(r) != "b:TEXT a:TEXT" {
		t.Errorf("texts with its names: %+v", r)
	}
}

// A quote after the sample does not join rows, and a quote that is never closed
// costs one line.
func TestQuotesBehindTheSample(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,title\n")
	for i := range 40000 {
		title := "plain"
		switch i {
		case 30000:
			title = `"Giliap`
		case 35000:
			title = `World"`
		}
		fmt.Fprintf(&b, "%d,%s\n", i, title)
	}
	w := start(t)
	if r := w.must(b.String(), options{}); r.Rows != 40000 || r.Quote != "none" {
		t.Errorf("%d rows, quote %s", r.Rows, r.Quote)
	}
	r := w.must(strings.Replace(b.String(), `World"`, "World", 1), options{Quote: `"`, OnError: "skip", Table: "u"})
	if r.Rows != 39999 || r.Skipped != 1 || r.SkippedLines != 1 || r.Bad[0].Line != 30002 {
		t.Errorf("%d rows, %+v", r.Rows, r.Bad)
	}
	r = w.must("a,b\n1,\"x\n2,y\n3,\"z\"w\n4,v\n", options{Quote: `"`, OnError: "skip", Table: "v"})
	if r.Rows != 1 || r.SkippedLines != 3 || r.Bad[0].LastLine != 4 {
		t.Errorf("%+v", r)
	}
	if r = w.must("1,2,3\n\"x\"y,2\n4,5\n6,7\n", options{OnError: "skip", Quote: `"`, Header: "no", Table: "first"}); r.Rows != 2 || r.Skipped != 2 {
		t.Errorf("a bad first row: %+v", r)
	}
}

// Rare delimiters are found if they explain every row, and quotes over several
// lines if single lines do not.
func TestGuessedDialects(t *testing.T) {
	for name, tt := range map[string]struct{ data, delimiter, quote, want string }{
		"colons":         {"root:x:0:/root\nann:x:5:/home/ann\n", ":", `"`, "column1:TEXT column2:TEXT column3:INTEGER column4:TEXT / 'root','x',0,'/root' 'ann','x',5,'/home/ann'"},
		"times":          {"at\n12:30\n12:45\n", ",", `"`, "at:TEXT / '12:30' '12:45'"},
		"more times":     {"12:30:15\n12:45:16\n", ",", `"`, "column1:TEXT / '12:30:15' '12:45:16'"},
		"carets":         {"a^b\n1^x\n2^y\n", "^", `"`, "a:INTEGER b:TEXT / 1,'x' 2,'y'"},
		"control":        {"a\x01b\n1\x01x\n2\x01y\n", `\x01`, `"`, "a:INTEGER b:TEXT / 1,'x' 2,'y'"},
		"blanks":         {"  1.5   2 7\n 10.25  3  8 \n", " ", `"`, "column1:REAL column2:INTEGER column3:INTEGER / 1.5,2,7 10.25,3,8"},
		"prose":          {"two words\nand others\n", ",", `"`, "two words:TEXT / 'and others'"},
		"lines in text":  {"id,note\n1,\"a\nb, c\"\n2,\"d\ne, f\"\n", ",", `"`, "id:INTEGER note:TEXT / 1,'a\nb, c' 2,'d\ne, f'"},
		"one column":     {"note\n\"a\nb\"\n\"c\"\n", ",", `"`, "note:TEXT / 'a\nb' 'c'"},
		"a path":         {"id\tpath\n1\tC:\\new\n2\tD:\\temp\n", "\t", `"`, `id:INTEGER path:TEXT / 1,'C:\new' 2,'D:\temp'`},
		"R's names":      {"a\tb\nx\t1\t2\ny\t3\t4\n", "\t", `"`, "column1:TEXT a:INTEGER b:INTEGER / 'x',1,2 'y',3,4"},
		"open delimiter": {"a,b\n1,2,\n3,4,\n", ",", `"`, "a:INTEGER b:INTEGER column3:TEXT / 1,2,NULL 3,4,NULL"},
		"headline":       {"The year, in full\n\nid;name\n1;x\n2;y\n", ";", `"`, "id:INTEGER name:TEXT / 1,'x' 2,'y'"},
		"blank, quote":   {"a, b\n1, \"x, y\"\n2, \"z\"\n", ",", `"`, "a:INTEGER b:TEXT / 1,'x, y' 2,'z'"},
		"decimal commas": {"1,5;2,5\n3,5;4,5\n", ";", `"`, "column1:REAL column2:REAL / 1.5,2.5 3.5,4.5"},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			r := w.must(tt.data, options{})
			if got := w.literals(r); got != tt.want || r.Delimiter != tt.delimiter || r.Quote != tt.quote {
				t.Errorf("%q %s\ngot  %q\nwant %q", r.Delimiter, r.Quote, got, tt.want)
			}
		})
	}
}

// A footer and a second header are not rows of the table.
func TestOtherRows(t *testing.T) {
	w := start(t)
	r := w.must("a,b\n1,x\n2,y\n\nc,d\n3,z\n\na,b\n4,w\n", options{OnError: "skip"})
	var lines []string
	for _, bad := range r.Bad {
		lines = append(lines, fmt.Sprint(bad.Line, " ", bad.Message))
	}
	const want = "5 another table begins here: a header after an empty line/6 the row belongs to another table, whose header is in line 5/8 this line repeats the header"
	if got := strings.Join(lines, "/"); got != want || r.Rows != 3 {
		t.Errorf("%d rows, %s", r.Rows, got)
	}
	if r = w.must("a,b\n1,x\na,b\n2,y\n", options{OnError: "skip", Table: "u"}); r.Rows != 2 || r.Bad[0].Line != 3 {
		t.Errorf("the header again: %+v", r)
	}
	if r = w.must("a\nx\n(1 row)\ny\n", options{Table: "v"}); r.Rows != 3 {
		t.Errorf("no footer: %+v", r)
	}
	if _, err := w.try("a,b\n1,x\n(7 rows)\n", options{Table: "w"}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "Line 3") {
		t.Errorf("a wrong footer: %v", err)
	}
}

// Every encoding of the web is known by its names, and invalid bytes are
// rejected with their line.
func TestEncodings(t *testing.T) {
	for _, tt := range []struct{ name, label, text string }{
		{"windows-1251", "cp1251", "Привет"}, {"shift_jis", "sjis", "日本語"}, {"gb18030", "gb18030", "你好€"}, {"euc-kr", "korean", "한국"},
		{"windows-1252", "cp1252", "Zoë €"}, {"koi8-u", "koi8-u", "Київ"}, {"big5", "big5", "中文"}, {"macintosh", "mac", "é"},
	} {
		e, err := htmlindex.Get(tt.label)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := e.NewEncoder().String("id,name\n1," + tt.text + "\n")
		if err != nil {
			t.Fatal(err)
		}
		w := start(t)
		r := w.must(raw, options{Encoding: tt.label})
		if got := w.rows("SELECT name FROM t"); got != tt.text || r.Encoding != tt.name {
			t.Errorf("%s: %s, %s", tt.label, got, r.Encoding)
		}
	}
	w := start(t)
	for name, tt := range map[string]struct {
		data, encoding string
		line           int64
	}{
		"Japanese":       {"a,b\n1,x\n2,\x81\n", "shift_jis", 3},
		"half of UTF-16": {utf16Text("a,b\n1,x\n", false, true) + "2\x00,\x00\x00\xd8\n\x00", "", 3},
		"UTF-16 by name": {utf16Text("a,b\n1,", true, true) + "\xd8\x00\x00\n", "utf-16", 2},
		"mostly UTF-8":   {"a,b\né,ü\nö,\xe9\n", "", 3},
	} {
		_, err := w.try(tt.data, options{Encoding: tt.encoding, Table: name})
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), fmt.Sprintf("Line %d: the row is not valid ", tt.line)) {
			t.Errorf("%s: %v", name, err)
		}
		if r := w.must(tt.data, options{Encoding: tt.encoding, Table: name, OnError: "skip"}); r.Skipped != 1 || r.Bad[0].Line != tt.line {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := w.must("a\ncaf\xe9\n", options{Table: "latin"}); r.Encoding != latin1Name || len(r.Notes) != 2 {
		t.Errorf("what was assumed is not said: %+v", r)
	}
}

// Compressed data is decompressed, up to the limit. Files of other kinds are
// rejected by name.
func TestPacked(t *testing.T) {
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, _ = z.Write([]byte("a,b\n1,2\n")) // to memory
	_ = z.Close()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	zst := string(enc.EncodeAll([]byte("a,b\n1,2\n"), nil))
	for name, data := range map[string]string{"gzip": gz.String(), "zstd": zst} {
		w := start(t)
		if r := w.must(data, options{}); r.Rows != 1 || r.Bytes != 8 {
			t.Errorf("%s: %+v", name, r)
		}
		if _, err := w.try(data[:len(data)-3], options{Table: "cut"}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "compressed with "+name) {
			t.Errorf("%s, cut: %v", name, err)
		}
	}
	gz.Reset()
	z = gzip.NewWriter(&gz)
	for range 100 {
		_, _ = z.Write(make([]byte, 1<<20)) // to memory
	}
	_ = z.Close()
	w := start(t)
	w.limits.Data = 1 << 20
	if _, err := w.try(gz.String(), options{}); !errs.Is(err, errs.TooLarge) {
		t.Errorf("a bomb: %v", err)
	}
	for begin, part := range map[string]string{
		"PK\x03\x04": "ZIP", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1": "xls", "%PDF-1.7": "PDF", "PAR1\x15": "Parquet", "SQLite format 3\x00": "SQLite",
		"\xFF\xFEa\x00,\x00\n\x00": "", "\xFF\xFE\x00\x00a\x00\x00\x00": "UTF-32", "\x00\x00\xFE\xFF\x00\x00\x00a": "UTF-32",
		"<!DOCTYPE html><p>": "web page", "\xFD7zXZ\x00": "xz", strings.Repeat("a\x00\x00\x00", 8): "UTF-32",
	} {
		w := start(t)
		_, err := w.try(begin, options{OnError: "skip"})
		if part == "" && err != nil || part != "" && (!errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), part)) {
			t.Errorf("%q: %v", begin, err)
		}
	}
}
