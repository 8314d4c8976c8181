package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// The rows of CSV do not depend on the sizes of reads, and none is larger than
// its input. Every line is in a row or is counted as one without. The rows stay
// the same when they are written again with all quotes.
func FuzzDelimited(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "\"a\"\"\",\"b\r\n\"\r\n,\"\"\r", "'a''',b\n'", "a;\"b\\\"c\";\\\n", "\"a\" x,b\n", "\n\na\n\n", "a\tb|c\r\r\n\x00,\xff\n", "\"open\nnever",
		"1,\"abc\n2,def\n3,\"ghi\"\n4,\"j\n5\n", "1\t\\N\ttwo\\\nlines\n\\.\n", "\"1\",\"N,\"a\"\"0\"\n#x\n", "\"a \"q\"\",b\n", " a , \"b\" \n # c\n",
	} {
		f.Add(seed, byte(','), byte('"'), uint8(0))
		f.Add(seed, byte(';'), byte('\''), uint8(1))
		f.Add(seed, byte('\t'), byte(0), uint8(3))
		f.Add(seed, byte(','), byte('"'), uint8(4))
		f.Add(seed, byte(','), byte('"'), uint8(8))
		f.Add(seed, byte(','), byte('"'), uint8(48))
		f.Add(seed, byte(','), byte('"'), uint8(64))
		f.Add(seed, byte(','), byte('"'), uint8(128))
	}
	f.Fuzz(func(t *testing.T, data string, delimiter, quote byte, flags uint8) {
		d := dialect{delimiter: delimiter, quote: quote, codes: flags&2 != 0, twin: flags&4 != 0, loose: flags&8 != 0, trim: flags&32 != 0, lead: flags&128 != 0}
		if flags&1 != 0 {
			d.escape = '\\'
		}
		if flags&16 != 0 {
			d.comment = '#'
		}
		if flags&64 != 0 {
			d.delimiter, d.runs, d.trim, delimiter = ' ', true, false, ';'
		}
		if delimiter == quote || d.codes && d.escape == 0 || d.codes && d.twin || bytes.ContainsAny([]byte{delimiter, quote}, "\r\n\\# N0") || quote == '\t' || d.trim && delimiter == '\t' {
			return
		}
		got, err := all(newDelimited(strings.NewReader(data), d, 1000))
		slow, failed := all(newDelimited(iotest.OneByteReader(strings.NewReader(data)), d, 1000))
		if err != nil || failed != nil || !slices.Equal(got, slow) {
			t.Fatalf("byte by byte:\n%q %v\n%q %v", slow, failed, got, err)
		}
		account(t, data, newDelimited(strings.NewReader(data), d, 1000))
		again := newDelimited(strings.NewReader(data), d, 1000)
		again.reopen = func(offset int64) (io.Reader, error) { return strings.NewReader(data[offset:]), nil }
		account(t, data, again)
		rewrite(t, data, d)
	})
}

// account compares the lines of rows, and the lines without, with those of the
// data.
func account(t *testing.T, data string, r *delimited) {
	t.Helper()
	lines := int64(0)
	for {
		got, err := r.next()
		if err == io.EOF {
			break
		}
		if err != nil || got.lines < 1 || got.line < 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		lines += got.lines
	}
	want := int64(strings.Count(data, "\n"))
	if data != "" && !strings.HasSuffix(data, "\n") {
		want++
	}
	if !strings.Contains(data, "\r") && lines+r.skipped != want {
		t.Fatalf("%q: rows have %d lines, %d are without, and there are %d", data, lines, r.skipped, want)
	}
}

// rewrite writes the rows with all quotes, and reads them again.
func rewrite(t *testing.T, data string, d dialect) {
	t.Helper()
	first, good := fields(t, newDelimited(strings.NewReader(data), d, len(data)))
	if !good || len(first) > 0 && len(first[0]) == 1 && first[0][0] == "" {
		return // an empty line is a row only after the first
	}
	var again bytes.Buffer
	for _, row := range first {
		for i, c := range row {
			if i > 0 {
				again.WriteByte(',')
			}
			if c != "" {
				again.WriteString(`"` + strings.ReplaceAll(c[1:], `"`, `""`) + `"`)
			}
		}
		again.WriteByte('\n')
	}
	second, good := fields(t, newDelimited(&again, dialect{delimiter: ',', quote: '"'}, 2*len(data)))
	if fmt.Sprintf("%q", first) != fmt.Sprintf("%q", second) || !good {
		t.Fatalf("read as\n%.300q, then as\n%.300q", first, second)
	}
}

// fields returns the cells of all rows: an empty text for NULL, else a text
// after an equals sign. good is false if a row is rejected.
func fields(t *testing.T, r *delimited) (all [][]string, good bool) {
	t.Helper()
	for {
		row, err := r.next()
		if err == io.EOF {
			return all, true
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.bad != nil {
			return nil, false
		}
		var cells []string
		for _, c := range row.cells {
			if c.kind == null {
				cells = append(cells, "")
			} else {
				cells = append(cells, "="+string(c.data))
			}
		}
		all = append(all, cells)
	}
}

// With any data, the sniffer finds a dialect in which each line is in a row or
// is counted as one without.
func FuzzGuess(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,'x\n2,y'\n", "sep=;\na;b\n1;2\n", "Title,,\n,,\na,b,c\n1,2,3\n(1 row)\n", "\"a\" \"b\"\n\"1\" 1 \"x\"\n", "a\tb\n1\t\"x\n2\ty\"\n", "1:2:x\n3:4:y\n", "a\n1|2\n3|4\n", "x\\ty\tz\n\\N\t1\n",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, data string, tsv bool) {
		if strings.Contains(data, "\r") || !utf8.ValidString(data) {
			return
		}
		o := daemonapi.ImportOptions{Format: daemonapi.TransferCSV}
		if tsv {
			o.Format = daemonapi.TransferTSV
		}
		v := newSniffer(sample{text: []byte(data)}, givenDialect{}, o, nil).bestDialect()
		r := newDelimited(strings.NewReader(data), v.dialect, len(data))
		r.line += r.skipLines(v.titles)
		rest := data
		for range v.titles {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		account(t, rest, r)
		if v.rows > 0 && v.width == 0 && v.first > 0 {
			t.Fatalf("%q: no columns: %+v", data, v)
		}
	})
}

// The reader's input is UTF-8: see encodingFor and decoder.
func FuzzDocuments(f *testing.F) {
	for _, seed := range []string{
		`[{"a":1,"b":"x\u00e4\"]"},{"a":[1,{"c":"}"}],"":null}]`, "{\"a\":1}\n{\"a\":-1.5e3}\n", `[[1,"2",null],[true,[]]]`, `[]`, `[{}, {} ]`, `[{"a":}]`, "{\"a\":\n1}\n\n[", `[{"a":"\ud800"}] x`, "\"a\"", "[{\"a\":1}{}]", "{\"a\\u0062\": 1 }",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, data string, lines bool) {
		got, err := all(newJSONRows(strings.NewReader(data), lines, 1000))
		slow, failed := all(newJSONRows(iotest.OneByteReader(strings.NewReader(data)), lines, 1000))
		if !slices.Equal(got, slow) || fmt.Sprint(err) != fmt.Sprint(failed) {
			t.Fatalf("byte by byte:\n%q %v\n%q %v", slow, failed, got, err)
		}
		var want []map[string]json.RawMessage
		if lines || len(data) > 1000 || !utf8.ValidString(data) || json.Unmarshal([]byte(data), &want) != nil || want == nil || slices.ContainsFunc(want, func(m map[string]json.RawMessage) bool { return m == nil }) {
			return
		}
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d objects are read as %q, %v", len(want), got, err)
		}
		r := newJSONRows(strings.NewReader(data), false, 1000)
		for _, object := range want {
			row, _ := r.next()
			for name, value := range object {
				check(t, row.cells[r.numbers[name]], value)
			}
		}
	})
}

func check(t *testing.T, c cell, raw json.RawMessage) {
	t.Helper()
	var s string
	switch {
	case string(raw) == "null":
		if c.kind != null {
			t.Fatalf("null is %q", c.data)
		}
	case json.Unmarshal(raw, &s) == nil:
		if c.kind != text || strings.ToValidUTF8(string(c.data), "\uFFFD") != strings.ToValidUTF8(s, "\uFFFD") && !strings.ContainsRune(s, '\uFFFD') {
			t.Fatalf("%s is %q", raw, c.data)
		}
	case string(raw) == "true" || string(raw) == "false":
		if want := map[string]string{"true": "1", "false": "0"}[string(raw)]; c.kind != integer || string(c.data) != want {
			t.Fatalf("%s is %q", raw, c.data)
		}
	case c.kind == integer || c.kind == real || c.kind == blob || c.kind == text && raw[0] == '{' && string(c.data) != string(raw):
		if raw[0] != '{' && string(c.data) != string(raw) && !strings.Contains(string(c.data), "Infinity") {
			t.Fatalf("%s is %q", raw, c.data)
		}
	case string(c.data) != string(raw):
		t.Fatalf("%s is %q", raw, c.data)
	}
}

// An object that may hold rows is read as rows or as one row, without a panic.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		`{"a":{"0":1,"1":3},"b":{"0":2,"1":4}}`, `{"0":{"a":1},"1":{"a":NaN}}`, `{"columns":["a"],"index":["x"],"data":[[1],[2,3]]}`, `{"schema":{},"data":[{"a":1}]}`, `{"items":[{}]}`,
		`{"fields":["a"],"rows":[]}`, `{"a":{"0":{"x":"}"}}}`, `{"index":[],"columns":[],"data":[[]]}`,
	} {
		f.Add(seed, 1000)
		f.Add(seed, 20)
	}
	f.Fuzz(func(t *testing.T, data string, most int) {
		most = max(most%2000, 1)
		got, err := findJSONForm(strings.NewReader(data), most)
		slow, failed := findJSONForm(iotest.OneByteReader(strings.NewReader(data)), most)
		if fmt.Sprint(got.form, got.at, got.names, err) != fmt.Sprint(slow.form, slow.at, slow.names, failed) {
			t.Fatalf("byte by byte: %+v, %+v", got, slow)
		}
		if err != nil {
			return
		}
		r, err := got.open(strings.NewReader(data), false, most)
		if err != nil {
			t.Fatal(err)
		}
		for {
			row, err := r.next()
			if err != nil {
				break
			}
			names, named := r.(columnsReader).columns()
			if named && got.form != formRows && len(row.cells) > len(names) && row.bad == nil {
				t.Fatalf("%d values of %d columns", len(row.cells), len(names))
			}
		}
	})
}

// Every encoding becomes valid text, which does not depend on the sizes of
// reads.
func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{"a\x00b\x00", "\x3d\xd8\x00\xde", "\x00\xd8a", "\xd8", "caf\xe9\x80\x81"} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		name := []string{latin1Name, utf16LEName, utf16BEName}[n%3]
		var out [2]bytes.Buffer
		fast := &decoder{src: bytes.NewReader(data), encoding: name, raw: make([]byte, 32<<10)}
		slow := &decoder{src: iotest.OneByteReader(bytes.NewReader(data)), encoding: name, raw: make([]byte, 8)}
		_, first := out[0].ReadFrom(fast)
		_, second := out[1].ReadFrom(slow)
		if first != nil || second != nil || !bytes.Equal(out[0].Bytes(), out[1].Bytes()) {
			t.Fatalf("%s: %q %v, %q %v", name, out[0].Bytes(), first, out[1].Bytes(), second)
		}
		if !bytes.Equal(bytes.ToValidUTF8(out[0].Bytes(), nil), out[0].Bytes()) {
			t.Fatalf("%s: %q is not valid", name, out[0].Bytes())
		}
	})
}

// A text is a number only if no digit is lost.
func TestTraits(t *testing.T) {
	for s, want := range map[string]traits{
		"0": tInt, "-1": tInt, "999999999999999": tInt, "1000000000000000": tInt, "9007199254740993": tLong, "9223372036854775807": tLong, "-9223372036854775808": tInt,
		"9223372036854775808": 0, "9223372036854775809": 0, "1.5": tReal | tPoint | tFine, "-0.25": tReal | tPoint | tFine, "123456789.123456": tReal | tPoint | tFine, "0.30000000000000004": tReal | tPoint | tFine,
		"0.3000000000000000444": tReal | tPoint | tFine, "0.3000000000000000443": 0, ".5": tReal | tPoint | tFine, "5.": tWhole | tPoint | tFine, "1.234": tReal | tPoint | tDots, "1234.567": tReal | tPoint | tFine, "1.50": tReal | tPoint | tFine, "-0": tWhole, "1e5": tWhole, "1e-07": tReal, "1e30": tBig,
		"-": 0, ".": 0, "-.": 0, "00.5": 0, "007": 0, "1.2.3": 0, "1e": 0, "e5": 0, "1e5e5": 0, "1e400": 0, "1 ": 0, "1-2": 0, strings.Repeat("1", 300): 0,
		"1,5": tComma, "1.234,50": tComma, "1.23,5": 0, "1,234": tGroup, "0,234": tComma, "1,2,3": 0, "1,": 0, ",5": 0, "1.234.567": 0,
	} {
		if got := numberTrait([]byte(s)); got != want {
			t.Errorf("%q: %b, not %b", s, got, want)
		}
	}
}
