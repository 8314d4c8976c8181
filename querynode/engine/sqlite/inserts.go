package sqlite

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
)

// insertBytes is about how long a statement of an SQL export becomes: several
// rows in one are quicker to load, and a mistake in a huge one is hard to find.
const insertBytes = 16 << 10

// inserts writes rows as INSERT statements that give back exactly the same
// values.
type inserts struct {
	into    string // what comes before the rows
	columns int
	open    bool // in a statement
	size    int  // about the bytes of its rows
}

func (*inserts) every() bool { return true }

func (e *inserts) begin(_ *output, _ int, columns []column) error {
	e.columns, e.open = len(columns), false
	return nil
}

func (e *inserts) cell(o *output, column int, v value) error {
	if column > 0 {
		o.add(",")
	} else if err := e.row(o); err != nil {
		return err
	}
	e.size += len(v.data) + 8
	if err := appendLiteral(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.add(")")
	}
	return o.room()
}

// row begins a row, in a new statement if the one before is long.
func (e *inserts) row(o *output) error {
	if e.open && e.size < max(insertBytes, len(e.into)) {
		o.add(",\n(")
		return nil
	}
	e.finish(o)
	if err := appendLong(o, e.into); err != nil {
		return err
	}
	o.add(" VALUES\n(")
	e.open, e.size = true, 0
	return nil
}

func (e *inserts) finish(o *output) {
	if e.open {
		o.add(";\n")
	}
	e.open = false
}

func (e *inserts) end(o *output, _ ending) { e.finish(o) }
func (*inserts) close(*output, int, cost)  {}

// appendLiteral writes a value as SQL.
func appendLiteral(o *output, v value) error {
	switch v.kind {
	case kindInt:
		o.buf = strconv.AppendInt(o.buf, int64(v.bits), 10)
	case kindReal:
		appendRealLiteral(o, math.Float64frombits(v.bits))
	case kindText:
		return appendTextLiteral(o, v.data)
	case kindBlob:
		return appendBlobLiteral(o, v.data)
	default:
		o.add("NULL")
	}
	return nil
}

func appendRealLiteral(o *output, f float64) {
	switch {
	case math.IsInf(f, 1):
		o.add("9e999")
	case math.IsInf(f, -1):
		o.add("-9e999")
	default:
		o.buf = appendNumber(o.buf, f)
	}
}

func appendBlobLiteral(o *output, b []byte) error {
	o.add("X'")
	if err := appendHexDigits(o, b); err != nil {
		return err
	}
	o.add("'")
	return nil
}

// appendTextLiteral writes a text. One that a program might change on the way,
// or end too early, is written as its bytes.
func appendTextLiteral(o *output, s []byte) error {
	if bytes.ContainsAny(s, "\x00\r") || !utf8.Valid(s) {
		o.add("CAST(")
		if err := appendBlobLiteral(o, s); err != nil {
			return err
		}
		o.add(" AS TEXT)")
		return nil
	}
	o.add("'")
	for len(s) > 0 {
		n := pieceOf(s)
		for part := s[:n]; ; {
			i := bytes.IndexByte(part, '\'') + 1
			if i == 0 {
				o.buf = append(o.buf, part...)
				break
			}
			o.buf = append(append(o.buf, part[:i]...), '\'')
			part = part[i:]
		}
		s = s[n:]
		if err := o.room(); err != nil {
			return err
		}
	}
	o.add("'")
	return nil
}

// appendLong writes text of any length.
func appendLong(o *output, s string) error {
	for len(s) > pieceBytes {
		o.add(s[:pieceBytes])
		s = s[pieceBytes:]
		if err := o.room(); err != nil {
			return err
		}
	}
	o.add(s)
	return o.room()
}
