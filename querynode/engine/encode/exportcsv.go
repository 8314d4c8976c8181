package encode

import (
	"bytes"
	"math"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// ExportCSV writes rows as CSV that an import reads back exactly: quotes
// distinguish texts from numbers. It differs from csv:
//
//   - REAL always has a point or an exponent, and no more digits than it needs
//   - BLOB is always X'0AFF', never in quotes
//   - TEXT that is not UTF-8, or has a NUL, is CAST(X'0AFF' AS TEXT), never in
//     quotes
//   - other TEXT is in quotes where a reader might mistake it: see
//     daemonapi.PlainField
//   - all names are in quotes, which distinguishes them from a row
type ExportCSV struct {
	csv
	odd   bool // a name looks like a value
	plain bool // a name looks like a name
	bare  bool // a value of the first rows is not in quotes
	rows  int
	size  int // of values, about
}

// Readers look for names in about this much of a file.
const (
	firstRows  = 900
	firstBytes = 200 << 10
)

// Begin implements Encoder.
func (e *ExportCSV) Begin(o *Output, index int, columns []Column) error {
	e.writer = e
	return e.csv.Begin(o, index, columns)
}

func (e *ExportCSV) name(o *Output, s []byte) error {
	if daemonapi.PlainField(s, e.columns == 1) {
		e.plain = true
	} else {
		e.odd = true
	}
	return appendField(o, s, true)
}

// Cell implements Encoder.
func (e *ExportCSV) Cell(o *Output, column int, v Value) error {
	if column == 0 {
		e.rows++
	}
	e.size += len(v.Data) + 24
	return e.csv.Cell(o, column, v)
}

// Remarks returns what a reader of the file cannot see in it.
func (e *ExportCSV) Remarks() []string {
	if e.odd && !e.bare && (e.rows > 0 || !e.plain) {
		return []string{"The names in the first line of the file look like values; import it with the option header yes"}
	}
	return nil
}

func (e *ExportCSV) value(o *Output, v Value) error {
	if v.Kind != Null && v.Kind != Text {
		e.unquoted()
	}
	switch v.Kind {
	case Real:
		o.Buf = appendFieldNumber(o.Buf, math.Float64frombits(v.Bits))
		return nil
	case Text:
		return e.text(o, v.Data)
	case Blob:
		return appendBlobLiteral(o, v.Data)
	}
	return e.csv.value(o, v)
}

func (e *ExportCSV) text(o *Output, s []byte) error {
	if !utf8.Valid(s) || bytes.IndexByte(s, 0) >= 0 {
		e.unquoted()
		return AppendTextLiteral(o, s)
	}
	plain := daemonapi.PlainField(s, e.columns == 1)
	if plain {
		e.unquoted()
	}
	return appendField(o, s, !plain)
}

// unquoted records that one of the first values is not in quotes.
func (e *ExportCSV) unquoted() {
	if e.rows <= firstRows && e.size <= firstBytes {
		e.bare = true
	}
}

// appendFieldNumber writes a REAL, with infinities as most programs write them.
func appendFieldNumber(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	return appendNumber(dst, f)
}
