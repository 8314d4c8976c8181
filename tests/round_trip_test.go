package tests

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// roundTrip imports data and exports it again.
type roundTrip struct {
	t    *testing.T
	user *harness.User
}

func (p roundTrip) importData(db string, o daemonapi.ImportOptions, data []byte) daemonapi.ImportResult {
	p.t.Helper()
	r, err := p.user.Import(p.t.Context(), p.user.Name, db, httpapi.ImportRequest{ImportOptions: o, Body: bytes.NewReader(data), Size: int64(len(data))})
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p roundTrip) exportData(db string, format daemonapi.TransferFormat, table string) []byte {
	p.t.Helper()
	var b bytes.Buffer
	err := p.user.Export(p.t.Context(), p.user.Name, db, httpapi.ExportRequest{ExportOptions: daemonapi.ExportOptions{Format: format, Table: table}}, &b)
	if err != nil {
		p.t.Fatal(err)
	}
	return b.Bytes()
}

// same compares bytes, and shows the first difference.
func (p roundTrip) same(what string, got, want []byte) {
	p.t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	n := 0
	for n < min(len(got), len(want)) && got[n] == want[n] {
		n++
	}
	from := max(0, n-60)
	p.t.Errorf("%s: %d bytes became %d; after %d they differ:\n%q\n%q", what, len(want), len(got), n, want[from:min(len(want), n+60)], got[from:min(len(got), n+60)])
}

// shellOn runs the sqlite3 program on a file.
func shellOn(t *testing.T, file, input string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sqlite3", "-batch", "-bail", file)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("sqlite3: %v\n%.2000s", err, out)
	}
	return out
}

// ofEachKind has one object of each kind.
const ofEachKind = `
PRAGMA application_id = 1234567; PRAGMA user_version = 42;
CREATE TABLE plain(a, b TEXT, c INTEGER, d REAL, e BLOB, f NUMERIC);
INSERT INTO plain VALUES
  (NULL, '', 0, 0.0, x'', 1), (1, 'it''s "quoted"', 9223372036854775807, 1e308, x'00ff80', '1.50'),
  (-1, 'line' || char(10) || 'line' || char(13) || char(10), -9223372036854775808, -0.1, zeroblob(5000), 1e-300),
  (1.5, char(0x1f600) || char(0x200d) || char(0xfeff) || char(0x301), 1, 9e999, randomblob(70000), '007'),
  ('x', CAST(x'ff' AS TEXT), 'not an integer', -9e999, 'a text', '-0');
INSERT INTO plain(b) VALUES (replace(hex(zeroblob(500000)), '0', 'long ')), (printf('%.*c', 100000, '"'));
CREATE TABLE strict_one(id INTEGER PRIMARY KEY AUTOINCREMENT, v ANY, t TEXT NOT NULL DEFAULT 'd', CHECK (length(t) < 100)) STRICT;
INSERT INTO strict_one(id, v) VALUES (1000, 1), (2000, '1'), (3000, x'31');
DELETE FROM strict_one WHERE id = 3000;
CREATE TABLE no_rowid(k TEXT COLLATE NOCASE, n INT, PRIMARY KEY (k, n DESC)) WITHOUT ROWID;
INSERT INTO no_rowid VALUES ('b', 1), ('A', 2), ('a', 3);
CREATE TABLE made(x INT, y INT AS (x * 2) STORED, z TEXT AS ('z' || x) VIRTUAL);
INSERT INTO made(x) VALUES (1), (2);
CREATE TABLE child(of INTEGER REFERENCES strict_one(id) ON DELETE CASCADE);
INSERT INTO child VALUES (1000), (77);
CREATE TABLE "odd ""name"" é"("select" INT, " " TEXT, [] TEXT);
INSERT INTO "odd ""name"" é" VALUES (1, 'a', 'b');
CREATE TABLE empty(x);
CREATE INDEX partial_one ON plain(b) WHERE a > 0;
CREATE UNIQUE INDEX of_expression ON made(x + 1, z DESC);
CREATE VIEW looked AS SELECT a, count(*) OVER () AS n FROM plain;
CREATE TRIGGER watched AFTER INSERT ON made BEGIN INSERT INTO empty VALUES (new.x); END;
CREATE VIRTUAL TABLE searched USING fts5(title, body, tokenize = 'porter');
INSERT INTO searched VALUES ('first', 'the quick brown foxes'), ('second', 'lazy dogs');
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
INSERT INTO boxes VALUES (1, 0.5, 2.5);
ANALYZE;
`

// An imported and exported database file has the same schema, values with types,
// and header fields, for all page sizes and encodings. So has its export as a
// script.
func TestRoundTripOfAFile(t *testing.T) {
	t.Parallel()
	srv := harness.Start(t, harness.AllInOne)
	p := roundTrip{t, srv.Register("alice")}
	for name, first := range map[string]string{
		"utf8":    "",
		"small":   "PRAGMA page_size = 512; PRAGMA auto_vacuum = FULL;",
		"large":   "PRAGMA page_size = 65536; PRAGMA journal_mode = WAL;",
		"utf16le": "PRAGMA encoding = 'UTF-16le';",
		"utf16be": "PRAGMA encoding = 'UTF-16be';",
	} {
		dir := t.TempDir()
		file := func(f string) string { return filepath.Join(dir, f) }
		shellOn(t, file("given"), first+ofEachKind)
		given, err := os.ReadFile(file("given"))
		if err != nil {
			t.Fatal(err)
		}
		// A copy may have another order.
		shellOn(t, file("given"), "VACUUM INTO '"+file("ordered")+"'")
		const header = "PRAGMA application_id; PRAGMA user_version; PRAGMA page_size; PRAGMA encoding; PRAGMA auto_vacuum; PRAGMA integrity_check; SELECT quote(x) FROM (SELECT e AS x FROM plain UNION ALL SELECT d FROM plain UNION ALL SELECT v FROM strict_one);\n"
		want := shellOn(t, file("ordered"), ".dump\n"+header)
		if n := len(want); n < 600_000 {
			t.Fatalf("a dump of %d bytes: nothing is tested", n)
		}
		if r := p.importData(name, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite}, given); r.Bytes != int64(len(given)) {
			t.Errorf("%s: %d bytes of %d", name, r.Bytes, len(given))
		}
		if err := os.WriteFile(file("taken"), p.exportData(name, daemonapi.TransferSQLite, ""), 0o600); err != nil {
			t.Fatal(err)
		}
		p.same(name, shellOn(t, file("taken"), ".dump\n"+header), want)
		script := p.exportData(name, daemonapi.TransferSQL, "")
		shellOn(t, file("made"), string(script))
		const tables = ".dump plain strict_one no_rowid made child odd% empty looked\n"
		p.same(name+" as a script", shellOn(t, file("made"), tables), shellOn(t, file("ordered"), tables))
		if got := string(shellOn(t, file("made"), "SELECT title FROM searched('fox'); SELECT x1 FROM boxes WHERE x0 > 0.2; INSERT INTO made(x) VALUES (9); SELECT x FROM empty;")); got != "first\n2.5\n9\n" {
			t.Errorf("%s as a script: %q", name, got)
		}
	}
}

// reads compares rows with CSV as another program reads it.
func (p roundTrip) reads(what string, got []byte, want [][]*string) {
	p.t.Helper()
	r := csv.NewReader(bytes.NewReader(got))
	for i, row := range want {
		if len(row) == 1 && row[0] == nil {
			continue // this reader skips empty lines
		}
		cells, err := r.Read()
		if err == nil && len(cells) != len(row) {
			err = fmt.Errorf("%d fields", len(cells))
		}
		for k := 0; err == nil && k < len(row); k++ {
			var s string
			if row[k] != nil { // this reader removes the CR of CRLF
				s = strings.ReplaceAll(*row[k], "\r\n", "\n")
			}
			if cells[k] != s {
				err = fmt.Errorf("field %d is %.100q, want %.100q", k+1, cells[k], s)
			}
		}
		if err != nil {
			p.t.Errorf("%s: row %d: %v", what, i, err)
			return
		}
	}
	if _, err := r.Read(); err != io.EOF {
		p.t.Errorf("%s: more than %d rows: %v", what, len(want), err)
	}
}

// csvOf writes rows as most programs do (RFC 4180). A nil is NULL, an empty text
// is "".
func csvOf(rows [][]*string) []byte {
	var b bytes.Buffer
	for _, row := range rows {
		for i, c := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			switch {
			case c == nil:
			case *c == "" || strings.ContainsAny(*c, "\",\r\n"):
				b.WriteString(`"` + strings.ReplaceAll(*c, `"`, `""`) + `"`)
			default:
				b.WriteString(*c)
			}
		}
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

func texts(cells ...string) []*string {
	row := make([]*string, len(cells))
	for i := range cells {
		row[i] = &cells[i]
	}
	return row
}

// The Unicode Character Database keeps its bytes, in a table from CSV and in a
// table from its own format.
func TestRoundTripOfUnicode(t *testing.T) {
	t.Parallel()
	srv := harness.Start(t, harness.AllInOne)
	p := roundTrip{t, srv.Register("alice")}
	p.user.Create("unicode")
	raw, err := os.ReadFile(filepath.Join(unicodeFiles, "UnicodeData.txt"))
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]*string{texts("code", "name", "category", "combining", "bidi", "decomposition", "decimal", "digit", "numeric", "mirrored", "old_name", "comment", "upper", "lower", "title")}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		row := texts(strings.Split(lines.Text(), ";")...)
		for i, c := range row {
			if *c == "" {
				row[i] = nil
			}
		}
		rows = append(rows, row)
	}
	given := csvOf(rows)
	if r := p.importData("unicode", daemonapi.ImportOptions{Format: daemonapi.TransferCSV, Table: "char"}, given); r.Rows != int64(len(rows)-1) || r.Rows < 30_000 {
		t.Errorf("%d rows of %d", r.Rows, len(rows)-1)
	}
	p.reads("csv", p.exportData("unicode", daemonapi.TransferCSV, "char"), rows)
	r := p.importData("unicode", daemonapi.ImportOptions{Format: daemonapi.TransferCSV, Table: "raw", Delimiter: ";", Header: "no"}, raw)
	var names []string
	for _, c := range r.Columns {
		names = append(names, c.Name)
	}
	rows[0] = texts(names...)
	p.reads("semicolons", p.exportData("unicode", daemonapi.TransferCSV, "raw"), rows)
	for _, format := range []daemonapi.TransferFormat{daemonapi.TransferCSV, daemonapi.TransferNDJSON} {
		out, again := p.exportData("unicode", format, "char"), "again"+string(format)
		p.importData("unicode", daemonapi.ImportOptions{Format: format, Table: again}, out)
		p.same(again, p.exportData("unicode", format, again), out)
	}
}

// fragments are the parts of difficult fields.
var fragments = []string{
	"\n", "\r\n", "\r", "\"", "\"\"", "'", ",", ";", "\t", "|", " ", "\\", "\\\"", "\\n", "a", "NULL", "é", "😀", "\u2028", "\u00a0", "\ufeff", "日本",
	"007", "1e5", "-0", "+1", "1.50", "9223372036854775808", "0x10", "nan", "inf", "true", "2020-02-30", "=1+1", "--", "\x01", "\x7f",
}

// nastyTables returns a table of fields that programs often write or read wrong
// as CSV.
func nastyTables(seed uint64) [][]*string {
	r := rand.New(rand.NewPCG(seed, 7))
	rows := [][]*string{texts("first", "a \"b\", c", "two\r\nlines", "é ü", "select")}
	for range 300 {
		row := make([]*string, len(rows[0]))
		for i := range row {
			var b strings.Builder
			for range r.IntN(4) {
				b.WriteString(fragments[r.IntN(len(fragments))])
			}
			if s := b.String(); s != "" || r.IntN(2) == 0 {
				row[i] = &s
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Difficult files keep their bytes, and the table has their values: line breaks
// within fields, quotes, empty texts apart from NULL, numbers in their original
// form if asked for, and fields of megabytes.
func TestRoundTripOfNastyFiles(t *testing.T) {
	t.Parallel()
	srv := harness.Start(t, harness.AllInOne)
	p := roundTrip{t, srv.Register("alice")}
	p.user.Create("nasty")
	empty, letter := "", "x"
	numbers := [][]*string{texts("zeros", "plus", "exponent", "point", "large", "ints", "reals", "mixed", "minus")}
	for i := range 50 {
		numbers = append(numbers, texts(fmt.Sprintf("%03d", i), fmt.Sprintf("+%d", i), fmt.Sprintf("%de5", i), fmt.Sprintf("%d.0", i),
			fmt.Sprintf("922337203685477580%d", i%10), fmt.Sprint(i*1000), fmt.Sprintf("%d.25", i), fmt.Sprintf("%d.%d", i, 1+i%9), fmt.Sprintf("-%d", i)))
	}
	huge := strings.Repeat("a \"long\" line, é😀\r\n", 300_000)
	files := map[string][][]*string{
		"numbers": numbers,
		"single":  {texts("x"), {nil}, {&empty}, {&letter}, {nil}, {&empty}},
		"blank":   {texts("a", "b"), {nil, nil}, {&empty, &empty}, {nil, &empty}, {&empty, nil}},
		"huge":    {texts("a", "b", "c"), texts("1", huge, "2"), {nil, &huge, nil}, texts("3", "4", "5")},
		"wide":    {wide("column "), wide("field\n"), make([]*string, 1500)},
	}
	for seed := range uint64(5) {
		files[fmt.Sprint("random", seed)] = nastyTables(seed)
	}
	for name, rows := range files {
		given := csvOf(rows)
		o := daemonapi.ImportOptions{Format: daemonapi.TransferCSV, Table: name, Header: "yes"}
		if name == "numbers" { // in another form than SQLite's
			o.Types = map[string]string{"exponent": "TEXT", "point": "TEXT", "minus": "TEXT"}
		}
		r := p.importData("nasty", o, given)
		if r.Rows != int64(len(rows)-1) || r.Skipped != 0 {
			t.Errorf("%s: %d rows of %d", name, r.Rows, len(rows)-1)
		}
		p.reads(name, p.exportData("nasty", daemonapi.TransferCSV, name), rows)
		p.cells(name, rows)
		for _, format := range []daemonapi.TransferFormat{daemonapi.TransferCSV, daemonapi.TransferJSON, daemonapi.TransferNDJSON} {
			if format != daemonapi.TransferCSV && len(rows) < 300 && name != "huge" {
				continue
			}
			again := name + string(format)
			want := p.exportData("nasty", format, name)
			p.importData("nasty", daemonapi.ImportOptions{Format: format, Table: again}, want)
			p.same(again, p.exportData("nasty", format, again), want)
		}
	}
}

func wide(word string) []*string {
	row := make([]*string, 1500)
	for i := range row {
		s := fmt.Sprint(word, i)
		row[i] = &s
	}
	return row
}

// cells compares a table with its rows, value by value.
func (p roundTrip) cells(table string, rows [][]*string) {
	p.t.Helper()
	got, err := p.user.QueryRows(p.t.Context(), p.user.Name, "nasty", `SELECT * FROM "`+table+`" ORDER BY rowid`)
	if err != nil {
		p.t.Fatal(err)
	}
	defer got.Close()
	for i, want := range rows[1:] {
		if !got.Next() {
			p.t.Fatalf("%s: %d rows: %v", table, i, got.Err())
		}
		for k, c := range got.Row() {
			if (c == nil) != (want[k] == nil) || c != nil && *c != *want[k] {
				p.t.Fatalf("%s: row %d, column %d: %.100q became %.100q", table, i+1, k+1, shownCell(want[k]), shownCell(c))
			}
		}
	}
}

func shownCell(c *string) string {
	if c == nil {
		return "NULL"
	}
	return "text " + *c
}
