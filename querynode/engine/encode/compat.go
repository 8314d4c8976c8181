package encode

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// compat writes the compatible JSON form. Every value but NULL is a string:
//
//   - INTEGER in decimal
//   - REAL as the shortest decimal that reads back as the same number, without
//     an exponent; infinities as inf and -inf
//   - TEXT as it is, each byte that is not UTF-8 as U+FFFD
//   - BLOB as text if it is UTF-8, else as the SQL literal X'0AFF'
//
// The declared type of a column has no effect.
type compat struct {
	columns int
	rows    bool
}

func (*compat) EveryResult() bool { return false }

func (e *compat) Begin(o *Output, _ int, columns []Column) error {
	e.columns, e.rows = len(columns), false
	o.Buf = append(o.Buf, `{"fields":[`...)
	for i, c := range columns {
		if i > 0 {
			o.Buf = append(o.Buf, ',')
		}
		if err := AppendJSONText(o, []byte(c.Name)); err != nil {
			return err
		}
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	o.Buf = append(o.Buf, `],"rows":[`...)
	return nil
}

func (e *compat) Cell(o *Output, column int, v Value) error {
	switch {
	case column > 0:
		o.Buf = append(o.Buf, ',')
	case e.rows:
		o.Buf = append(o.Buf, ',', '[')
	default:
		o.Buf = append(o.Buf, '[')
		e.rows = true
	}
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.Buf = append(o.Buf, ']')
	}
	return o.FlushIfFull()
}

func (e *compat) value(o *Output, v Value) error {
	switch v.Kind {
	case Integer:
		o.Buf = append(o.Buf, '"')
		o.Buf = strconv.AppendInt(o.Buf, int64(v.Bits), 10)
		o.Buf = append(o.Buf, '"')
	case Real:
		o.Buf = append(o.Buf, '"')
		o.Buf = appendReal(o.Buf, math.Float64frombits(v.Bits))
		o.Buf = append(o.Buf, '"')
	case Text:
		return AppendJSONText(o, v.Data)
	case Blob:
		if utf8.Valid(v.Data) {
			return AppendJSONText(o, v.Data)
		}
		return appendHex(o, v.Data)
	default:
		o.Buf = append(o.Buf, "null"...)
	}
	return nil
}

func (e *compat) End(o *Output, _ Outcome) { o.Add("]}") }

func (e *compat) Close(o *Output, results int, _ Cost) {
	if results == 0 {
		o.Add(`{"fields":[],"rows":[]}`)
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

// AppendJSONText writes a JSON string in pieces. So a long value needs no more
// memory than a short one.
func AppendJSONText(o *Output, s []byte) error {
	o.Buf = append(o.Buf, '"')
	for len(s) > pieceBytes {
		n := pieceOf(s)
		o.Buf = appendEscaped(o.Buf, s[:n])
		s = s[n:]
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	o.Buf = append(appendEscaped(o.Buf, s), '"')
	return nil
}

// pieceOf returns how many bytes of s make the next piece, which does not end
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

// appendEscaped escapes only the characters for which JSON requires it.
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

func appendHex(o *Output, b []byte) error {
	o.Add(`"X'`)
	if err := appendHexDigits(o, b); err != nil {
		return err
	}
	o.Add(`'"`)
	return nil
}
