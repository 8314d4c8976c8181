package sqlite

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
	name(o *output, s []byte) error
	text(o *output, s []byte) error
	value(o *output, v value) error
}

func (*csv) every() bool { return false }

func (e *csv) begin(o *output, _ int, columns []column) error {
	e.columns = len(columns)
	if e.writer == nil {
		e.writer = e
	}
	for i, c := range columns {
		if i > 0 {
			o.add(`,`)
		}
		if err := e.writer.name(o, []byte(c.name)); err != nil {
			return err
		}
		if err := o.room(); err != nil {
			return err
		}
	}
	o.add("\r\n")
	return nil
}

func (e *csv) cell(o *output, column int, v value) error {
	if column > 0 {
		o.buf = append(o.buf, ',')
	}
	if err := e.writer.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.buf = append(o.buf, '\r', '\n')
	}
	return o.room()
}

func (e *csv) value(o *output, v value) error {
	switch v.kind {
	case kindInt:
		o.buf = strconv.AppendInt(o.buf, int64(v.bits), 10)
	case kindReal:
		o.buf = appendReal(o.buf, math.Float64frombits(v.bits))
	case kindText:
		return e.text(o, v.data)
	case kindBlob:
		if utf8.Valid(v.data) {
			return e.text(o, v.data)
		}
		o.add("X'")
		if err := appendHexDigits(o, v.data); err != nil {
			return err
		}
		o.add("'")
	}
	return nil
}

func (e *csv) name(o *output, s []byte) error { return e.text(o, s) }

func (*csv) text(o *output, s []byte) error {
	return appendField(o, s, len(s) == 0 || bytes.ContainsAny(s, "\",\r\n"))
}

func (e *csv) end(*output, ending)      {}
func (e *csv) close(*output, int, cost) {}

// appendField writes a text, in quotes or not.
func appendField(o *output, s []byte, quoted bool) error {
	if quoted {
		o.add(`"`)
	}
	for len(s) > 0 {
		n := pieceOf(s)
		for part := s[:n]; ; {
			i := bytes.IndexByte(part, '"') + 1
			if i == 0 {
				o.buf = appendValid(o.buf, part)
				break
			}
			o.buf = append(appendValid(o.buf, part[:i]), '"')
			part = part[i:]
		}
		s = s[n:]
		if err := o.room(); err != nil {
			return err
		}
	}
	if quoted {
		o.add(`"`)
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
func appendHexDigits(o *output, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), pieceBytes)
		start := len(o.buf)
		o.buf = hex.AppendEncode(o.buf, b[:n])
		copy(o.buf[start:], bytes.ToUpper(o.buf[start:]))
		b = b[n:]
		if err := o.room(); err != nil {
			return err
		}
	}
	return nil
}
