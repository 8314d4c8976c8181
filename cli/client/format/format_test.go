package format_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/cli/client/format"
)

func TestTable(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		rows   [][]string
		want   string
	}{
		{"as documented", []string{"fname", "lname"}, [][]string{{"the first", "the last"}, {"the first2", "the last2"}}, "" +
			" fname      | lname \n" +
			"------------+-----------\n" +
			" the first  | the last \n" +
			" the first2 | the last2 \n"},
		{"one column", []string{"the_count"}, [][]string{{"4"}}, " the_count \n-----------\n 4 \n"},
		{"wide and combining characters", []string{"名前", "b"}, [][]string{{"x", "1"}, {"日本語", "2"}, {"e\u0301", "3"}, {"👩‍👩‍👧", "4"}}, "" +
			" 名前   | b \n" +
			"--------+---\n" +
			" x      | 1 \n" +
			" 日本語 | 2 \n" +
			" e\u0301      | 3 \n" +
			" 👩‍👩‍👧     | 4 \n"},
		{"line breaks", []string{"a", "b", "c"}, [][]string{{"1\n22\n", "x", "p\r\nq"}, {"2", "y", ""}}, "" +
			" a  | b | c \n" +
			"----+---+---\n" +
			" 1  | x | p \n" +
			" 22 |   | q \n" +
			"    |   |  \n" +
			" 2  | y |  \n"},
		{"a stranger's escapes", []string{"a"}, [][]string{{"\x1b]0;owned\a\u202e"}, {"1\t2"}, {"x\ry"}}, "" +
			" a \n" +
			"------------------------\n" +
			` \x1B]0;owned\x07\u202E ` + "\n" +
			" 1       2 \n" +
			` x\ry ` + "\n"},
		{"a header of several lines", []string{"a\nb", "c"}, [][]string{{"1", "2"}}, " a | c \n b |  \n---+---\n 1 | 2 \n"},
		{"no rows", []string{"a", "b"}, nil, " a | b \n---+---\n"},
		{"nothing in it", []string{""}, [][]string{{""}}, "  \n--\n  \n"},
		{"a short row", []string{"a", "b"}, [][]string{{"1"}}, " a | b \n---+---\n 1 |  \n"},
	}
	for _, tt := range tests {
		var b strings.Builder
		if err := format.WriteTable(&b, tt.header, tt.rows); err != nil || b.String() != tt.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", tt.name, err, b.String(), tt.want)
		}
	}
}

func TestCSV(t *testing.T) {
	tests := []struct {
		record []string
		want   string
	}{
		{[]string{"Entity 0", "null", "http://ayb.host/,http://ayb2.host"}, `Entity 0,null,"http://ayb.host/,http://ayb2.host"`},
		{[]string{" spaced ", `say "hi"`, "two\nlines", "a\rb", ""}, " spaced ,\"say \"\"hi\"\"\",\"two\nlines\",\"a\rb\","},
		{[]string{""}, `""`},
		{[]string{"", ""}, `,`},
		{[]string{`\.`, "#x", "ä"}, `\.,#x,ä`},
	}
	for _, tt := range tests {
		var b strings.Builder
		w := format.NewCSVWriter(&b)
		if err := errors.Join(w.Write(tt.record), w.Flush()); err != nil || b.String() != tt.want+"\n" {
			t.Errorf("%q: %v, got %q", tt.record, err, b.String())
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("disk full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreReturned(t *testing.T) {
	if err := format.WriteTable(fullDisk{}, []string{"a"}, nil); !errors.Is(err, errFull) {
		t.Errorf("table: %v", err)
	}
	w := format.NewCSVWriter(fullDisk{})
	if err := errors.Join(w.Write([]string{"a"}), w.Flush()); !errors.Is(err, errFull) {
		t.Errorf("csv: %v", err)
	}
}

func TestParse(t *testing.T) {
	for _, k := range format.Kinds() {
		if got, err := format.Parse(k); err != nil || string(got) != k {
			t.Errorf("%s: %v, %v", k, got, err)
		}
	}
	if _, err := format.Parse("xml"); err == nil || err.Error() != "Unknown format: xml (the formats are table, csv, json, ndjson, markdown, list)" {
		t.Errorf("xml: %v", err)
	}
}
