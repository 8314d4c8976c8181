package encode

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

// exactInteger is the largest integer that every reader of JSON keeps exactly,
// together with all integers below it.
const exactInteger = 1 << 53

// typed writes the parts that the typed forms share: values, columns, outcomes.
type typed struct {
	columns int
	inRow   bool
	exact   bool // TEXT that is not UTF-8 is distinguished from a BLOB
}

// value writes a value without loss:
//
//   - INTEGER as a number up to 2^53, else as {"integer":"…"}
//   - REAL as the shortest number that reads back as the same, always with a
//     point or an exponent; infinities as {"real":"Infinity"}
//   - TEXT as a string, or as {"base64":"…"} if it is not UTF-8
//   - BLOB as {"base64":"…"}
//
// Only an export distinguishes TEXT that is not UTF-8 from a BLOB: it writes
// {"base64":"…","as":"text"}.
func (e *typed) value(o *Output, v Value) error {
	switch v.Kind {
	case Integer:
		n := int64(v.Bits)
		if n < -exactInteger || n > exactInteger {
			o.Add(`{"integer":"`)
			o.Buf = append(strconv.AppendInt(o.Buf, n, 10), `"}`...)
			return nil
		}
		o.Buf = strconv.AppendInt(o.Buf, n, 10)
	case Real:
		o.Buf = appendNumber(o.Buf, math.Float64frombits(v.Bits))
	case Text:
		if utf8.Valid(v.Data) {
			return AppendJSONText(o, v.Data)
		}
		if e.exact {
			return appendBase64(o, v.Data, `,"as":"text"`)
		}
		return appendBase64(o, v.Data, "")
	case Blob:
		return appendBase64(o, v.Data, "")
	default:
		o.Add("null")
	}
	return nil
}

func appendNumber(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, `{"real":"Infinity"}`...)
	case math.IsInf(f, -1):
		return append(dst, `{"real":"-Infinity"}`...)
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if !slices.Contains(dst[start:], '.') {
		dst = append(dst, '.', '0')
	}
	return dst
}

// appendBase64 writes bytes as an object, and more members of it.
func appendBase64(o *Output, b []byte, more string) error {
	const piece = pieceBytes / 4 * 3 // a multiple of three: no padding inside
	o.Add(`{"base64":"`)
	for len(b) > piece {
		o.Buf = base64.StdEncoding.AppendEncode(o.Buf, b[:piece])
		b = b[piece:]
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	o.Buf = base64.StdEncoding.AppendEncode(o.Buf, b)
	o.Add(`"` + more + `}`)
	return nil
}

// describe writes the columns.
func (e *typed) describe(o *Output, columns []Column) error {
	e.columns, e.inRow = len(columns), false
	o.Add(`"columns":[`)
	for i, c := range columns {
		if i > 0 {
			o.Add(`,`)
		}
		o.Add(`{"name":`)
		if err := AppendJSONText(o, []byte(c.Name)); err != nil {
			return err
		}
		o.Add(`,"type":`)
		if !c.Typed {
			o.Add(`null`)
		} else if err := AppendJSONText(o, []byte(c.Declared)); err != nil {
			return err
		}
		o.Add(`}`)
		if err := o.FlushIfFull(); err != nil {
			return err
		}
	}
	o.Add(`]`)
	return nil
}

// ending writes the members that follow the rows.
func (e *typed) ending(o *Output, end Outcome) {
	o.Add(`"rows_affected":`)
	o.Buf = strconv.AppendInt(o.Buf, end.Affected, 10)
	o.Add(`,"last_insert_rowid":`)
	switch {
	case !end.Inserted:
		o.Add(`null`)
	case end.Rowid < -exactInteger || end.Rowid > exactInteger:
		o.Add(`{"integer":"`)
		o.Buf = append(strconv.AppendInt(o.Buf, end.Rowid, 10), `"}`...)
	default:
		o.Buf = strconv.AppendInt(o.Buf, end.Rowid, 10)
	}
	o.Add(`,"truncated":`)
	o.Buf = strconv.AppendBool(o.Buf, end.Truncated)
}

func (e *typed) cost(o *Output, c Cost) {
	o.Add(`"cost":{"duration_ms":`)
	o.Buf = strconv.AppendFloat(o.Buf, float64(c.Engine)/float64(time.Millisecond), 'f', 3, 64)
	o.Add(`,"rows_written":`)
	o.Buf = strconv.AppendInt(o.Buf, c.Written, 10)
	o.Add(`}`)
}

// err writes an error as an object. Attributes that are numbers become numbers.
func (e *typed) err(o *Output, err *errs.Error) {
	o.Add(`"error":{"message":"`)
	o.Buf = append(appendEscaped(o.Buf, []byte(err.Message)), '"')
	for _, name := range slices.Sorted(maps.Keys(err.Attrs)) {
		o.Add(`,"` + name + `":`)
		if n, bad := strconv.Atoi(err.Attrs[name]); bad == nil {
			o.Buf = strconv.AppendInt(o.Buf, int64(n), 10)
			continue
		}
		o.Add(`"`)
		o.Buf = append(appendEscaped(o.Buf, []byte(err.Attrs[name])), '"')
	}
	o.Add(`}`)
}
