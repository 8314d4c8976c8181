package sqlite

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// compat writes the compatible JSON form. Every value but NULL is a string:
//
//   - INTEGER in decimal
//   - REAL as the shortest decimal that gives the same number back, without
//     an exponent; infinities as inf and -inf
//   - TEXT as it is, each byte that is not UTF-8 as U+FFFD
//   - BLOB as text if it is UTF-8, else as the SQL literal X'0AFF'
//
// The declared type of a column changes nothing.
type compat struct {
	columns int
	rows    bool
}

func (*compat) every() bool { return false }

func (e *compat) begin(o *output, _ int, columns []column) error {
	e.columns, e.rows = len(columns), false
	o.buf = append(o.buf, `{"fields":[`...)
	for i, c := range columns {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		if err := appendText(o, []byte(c.name)); err != nil {
			return err
		}
		if err := o.room(); err != nil {
			return err
		}
	}
	o.buf = append(o.buf, `],"rows":[`...)
	return nil
}

func (e *compat) cell(o *output, column int, v value) error {
	switch {
	case column > 0:
		o.buf = append(o.buf, ',')
	case e.rows:
		o.buf = append(o.buf, ',', '[')
	default:
		o.buf = append(o.buf, '[')
		e.rows = true
	}
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.buf = append(o.buf, ']')
	}
	return o.room()
}

func (e *compat) value(o *output, v value) error {
	switch v.kind {
	case kindInt:
		o.buf = append(o.buf, '"')
		o.buf = strconv.AppendInt(o.buf, int64(v.bits), 10)
		o.buf = append(o.buf, '"')
	case kindReal:
		o.buf = append(o.buf, '"')
		o.buf = appendReal(o.buf, math.Float64frombits(v.bits))
		o.buf = append(o.buf, '"')
	case kindText:
		return appendText(o, v.data)
	case kindBlob:
		if utf8.Valid(v.data) {
			return appendText(o, v.data)
		}
		return appendHex(o, v.data)
	default:
		o.buf = append(o.buf, "null"...)
	}
	return nil
}

func (e *compat) end(o *output, _ ending) { o.add("]}") }

func (e *compat) close(o *output, results int, _ cost) {
	if results == 0 {
		o.add(`{"fields":[],"rows":[]}`)
	}
}

func appendReal(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendText writes a JSON string in pieces, so that a long value needs no
// more memory than a short one.
func appendText(o *output, s []byte) error {
	o.buf = append(o.buf, '"')
	for len(s) > pieceBytes {
		n := pieceOf(s)
		o.buf = appendEscaped(o.buf, s[:n])
		s = s[n:]
		if err := o.room(); err != nil {
			return err
		}
	}
	o.buf = append(appendEscaped(o.buf, s), '"')
	return nil
}

// pieceOf tells how many bytes of s make the next piece, which does not end
// within a character.
func pieceOf(s []byte) int {
	if len(s) <= pieceBytes {
		return len(s)
	}
	for back := 1; back < utf8.UTFMax; back++ {
		if utf8.RuneStart(s[pieceBytes-back]) {
			if !utf8.FullRune(s[pieceBytes-back : pieceBytes]) {
				return pieceBytes - back
			}
			break
		}
	}
	return pieceBytes
}

// appendEscaped escapes what JSON requires and nothing else.
func appendEscaped(dst, s []byte) []byte {
	done := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[done:i]...), "\uFFFD"...)
				done = i + 1
			}
			i += size
			continue
		}
		if b >= ' ' && b != '"' && b != '\\' {
			i++
			continue
		}
		dst = appendControl(append(dst, s[done:i]...), b)
		i++
		done = i
	}
	return append(dst, s[done:]...)
}

func appendControl(dst []byte, b byte) []byte {
	const digits = "0123456789abcdef"
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	}
	return append(dst, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
}

func appendHex(o *output, b []byte) error {
	o.add(`"X'`)
	if err := appendHexDigits(o, b); err != nil {
		return err
	}
	o.add(`'"`)
	return nil
}
