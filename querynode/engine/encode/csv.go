package encode

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"
)

// csv writes the last result that has columns after RFC 4180: a line of
// names, then the rows. Values are as in the compatible form; NULL is empty
// and an empty text is "".
type csv struct {
	columns int
	writer  fieldWriter // csv itself if it is nil
}

// fieldWriter writes the fields of CSV.
type fieldWriter interface {
	name(o *Output, s []byte) error
	text(o *Output, s []byte) error
	value(o *Output, v Value) error
}

func (*csv) EveryResult() bool { return false }

func (e *csv) Begin(o *Output, _ int, columns []Column) error {
	e.columns = len(columns)
	if e.writer == nil {
		e.writer = e
	}
	for i, c := range columns {
		if i > 0 {
			o.Add(`,`)
		}
		if err := e.writer.name(o, []byte(c.Name)); err != nil {
			return err
		}
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	o.Add("\r\n")
	return nil
}

func (e *csv) Cell(o *Output, column int, v Value) error {
	if column > 0 {
		o.Buf = append(o.Buf, ',')
	}
	if err := e.writer.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.Buf = append(o.Buf, '\r', '\n')
	}
	return o.FlushIfFull()
}

func (e *csv) value(o *Output, v Value) error {
	switch v.Kind {
	case Integer:
		o.Buf = strconv.AppendInt(o.Buf, int64(v.Bits), 10)
	case Real:
		o.Buf = appendReal(o.Buf, math.Float64frombits(v.Bits))
	case Text:
		return e.text(o, v.Data)
	case Blob:
		if utf8.Valid(v.Data) {
			return e.text(o, v.Data)
		}
		o.Add("X'")
		if err := appendHexDigits(o, v.Data); err != nil {
			return err
		}
		o.Add("'")
	}
	return nil
}

func (e *csv) name(o *Output, s []byte) error { return e.text(o, s) }

func (*csv) text(o *Output, s []byte) error {
	return appendField(o, s, len(s) == 0 || bytes.ContainsAny(s, "\",\r\n"))
}

func (e *csv) End(*Output, Outcome)     {}
func (e *csv) Close(*Output, int, Cost) {}

// appendField writes a text, in quotes or not.
func appendField(o *Output, s []byte, quoted bool) error {
	if quoted {
		o.Add(`"`)
	}
	for len(s) > 0 {
		n := pieceOf(s)
		for part := s[:n]; ; {
			i := bytes.IndexByte(part, '"') + 1
			if i == 0 {
				o.Buf = appendValid(o.Buf, part)
				break
			}
			o.Buf = append(appendValid(o.Buf, part[:i]), '"')
			part = part[i:]
		}
		s = s[n:]
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	if quoted {
		o.Add(`"`)
	}
	return nil
}

// appendValid writes each byte that is not UTF-8 as U+FFFD.
func appendValid(dst, s []byte) []byte {
	if utf8.Valid(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, "\uFFFD"...)
		} else {
			dst = append(dst, s[:size]...)
		}
		s = s[size:]
	}
	return dst
}

// appendHexDigits writes bytes as capital hexadecimal digits, in pieces.
func appendHexDigits(o *Output, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), pieceBytes)
		start := len(o.Buf)
		o.Buf = hex.AppendEncode(o.Buf, b[:n])
		copy(o.Buf[start:], bytes.ToUpper(o.Buf[start:]))
		b = b[n:]
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	return nil
}
