package database

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

func TestReadRow(t *testing.T) {
	cells, err := readRow([]byte(`[null,1,-0.0,1e21,1.5e-7,{"integer":"9007199254740993"},{"real":"-Infinity"},"",{"base64":"AP8="},"` + strings.Repeat("ä", 1001) + `",{"base64":"` + strings.Repeat("AAAA", 11) + `"}]`))
	want := []cell{
		{Kind: "null"}, {Text: "1", Kind: "number"}, {Text: "-0", Kind: "number"}, {Text: "1000000000000000000000", Kind: "number"},
		{Text: "0.00000015", Kind: "number"}, {Text: "9007199254740993", Kind: "number"}, {Text: "-inf", Kind: "number"}, {}, {Text: "X'00FF' · 2 bytes", Kind: "blob"},
		{Text: strings.Repeat("ä", 1000) + "…", Short: true}, {Text: "X'" + strings.Repeat("00", 32) + "…' · 33 bytes", Kind: "blob", Short: true},
	}
	if err != nil || len(cells) != len(want) {
		t.Fatal(cells, err)
	}
	for i, c := range cells {
		if c != want[i] {
			t.Errorf("%d: %+v, want %+v", i, c, want[i])
		}
	}
	for _, bad := range []string{"", "{}", "[1", "nonsense"} {
		if _, err := readRow([]byte(bad)); !errs.Is(err, errs.Internal) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCSVField(t *testing.T) {
	for in, want := range map[string]string{"": `""`, "a": "a", " a ": " a ", "a,b": `"a,b"`, `"`: `""""`, "a\nb": "\"a\nb\"", "a\rb": "\"a\rb\"", "=1+1": "=1+1"} {
		if got := csvField(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

func TestPlace(t *testing.T) {
	const text = "SELECT 'ä';\nSELECT 'ä', x; /* ; */\n\nSELECT 3"
	for _, tt := range []struct {
		err          error
		line, column int
	}{
		{errs.E(errs.SQL, "x").With("offset", "26").With("statement", "1"), 2, 13}, {errs.E(errs.SQL, "x").With("statement", "2"), 4, 0},
		{errs.E(errs.SQL, "x").With("statement", "3"), 0, 0}, {errs.E(errs.SQL, "x").With("offset", "1000"), 0, 0}, {errs.E(errs.SQL, "x").With("offset", "-1"), 0, 0},
		{errs.E(errs.SQL, "x"), 0, 0}, {io.EOF, 0, 0}, {errors.Join(io.EOF), 0, 0},
	} {
		if line, column := place(text, tt.err); line != tt.line || column != tt.column {
			t.Errorf("%v: line %d, column %d, want %d, %d", tt.err, line, column, tt.line, tt.column)
		}
	}
}
