package encode

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
)

// insertBytes is about how long a statement of an SQL export becomes. Several rows
// in a statement load faster; an error in a huge statement is hard to find.
const insertBytes = 16 << 10

// Inserts writes rows as INSERT statements in the dialect of SQLite. They insert
// exactly the same values.
type Inserts struct {
	into    string // what comes before the rows
	columns int
	open    bool // in a statement
	size    int  // of its rows, in bytes, about
}

// NewInserts makes the encoder of the rows of one table. into is the text before
// VALUES: INSERT INTO, the table and its columns.
func NewInserts(into string) *Inserts { return &Inserts{into: into} }

// EveryResult implements Encoder.
func (*Inserts) EveryResult() bool { return true }

// Begin implements Encoder.
func (e *Inserts) Begin(_ *Output, _ int, columns []Column) error {
	e.columns, e.open = len(columns), false
	return nil
}

// Cell implements Encoder.
func (e *Inserts) Cell(o *Output, column int, v Value) error {
	if column > 0 {
		o.Add(",")
	} else if err := e.row(o); err != nil {
		return err
	}
	e.size += len(v.Data) + 8
	if err := appendLiteral(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.Add(")")
	}
	return o.FlushIfFull()
}

// row begins a row. After a long statement it begins a new one.
func (e *Inserts) row(o *Output) error {
	if e.open && e.size < max(insertBytes, len(e.into)) {
		o.Add(",\n(")
		return nil
	}
	e.finish(o)
	if err := AppendLong(o, e.into); err != nil {
		return err
	}
	o.Add(" VALUES\n(")
	e.open, e.size = true, 0
	return nil
}

func (e *Inserts) finish(o *Output) {
	if e.open {
		o.Add(";\n")
	}
	e.open = false
}

// End implements Encoder.
func (e *Inserts) End(o *Output, _ Outcome) { e.finish(o) }

// Close implements Encoder.
func (*Inserts) Close(*Output, int, Cost) {}

// appendLiteral writes a value as SQL.
func appendLiteral(o *Output, v Value) error {
	switch v.Kind {
	case Integer:
		o.Buf = strconv.AppendInt(o.Buf, int64(v.Bits), 10)
	case Real:
		appendRealLiteral(o, math.Float64frombits(v.Bits))
	case Text:
		return AppendTextLiteral(o, v.Data)
	case Blob:
		return appendBlobLiteral(o, v.Data)
	default:
		o.Add("NULL")
	}
	return nil
}

func appendRealLiteral(o *Output, f float64) {
	switch {
	case math.IsInf(f, 1):
		o.Add("9e999")
	case math.IsInf(f, -1):
		o.Add("-9e999")
	default:
		o.Buf = appendNumber(o.Buf, f)
	}
}

func appendBlobLiteral(o *Output, b []byte) error {
	o.Add("X'")
	if err := appendHexDigits(o, b); err != nil {
		return err
	}
	o.Add("'")
	return nil
}

// AppendTextLiteral writes a text as SQL. A text that a program might change or cut
// on the way is written as its bytes.
func AppendTextLiteral(o *Output, s []byte) error {
	if bytes.ContainsAny(s, "\x00\r") || !utf8.Valid(s) {
		o.Add("CAST(")
		if err := appendBlobLiteral(o, s); err != nil {
			return err
		}
		o.Add(" AS TEXT)")
		return nil
	}
	o.Add("'")
	for len(s) > 0 {
		n := pieceOf(s)
		for part := s[:n]; ; {
			i := bytes.IndexByte(part, '\'') + 1
			if i == 0 {
				o.Buf = append(o.Buf, part...)
				break
			}
			o.Buf = append(append(o.Buf, part[:i]...), '\'')
			part = part[i:]
		}
		s = s[n:]
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	o.Add("'")
	return nil
}

// AppendLong writes text of any length without any escape.
func AppendLong(o *Output, s string) error {
	for len(s) > pieceBytes {
		o.Add(s[:pieceBytes])
		s = s[pieceBytes:]
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	o.Add(s)
	return o.FlushIfFull()
}
