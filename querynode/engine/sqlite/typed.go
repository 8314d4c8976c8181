package sqlite

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

// exact is the largest integer up to which every one is a number that any
// reader of JSON keeps as it is.
const exact = 1 << 53

// typed writes what the two typed forms have in common: values and columns.
type typed struct {
	columns int
	inRow   bool
	whole   bool // a TEXT that is not UTF-8 is told from a BLOB
}

// value writes a value so that nothing of it is lost:
//
//   - INTEGER as a number up to 2^53, else as {"integer":"…"}
//   - REAL as the shortest number that gives the same one back, always with a
//     point or an exponent; infinities as {"real":"Infinity"}
//   - TEXT as a string, or as {"base64":"…"} if it is not UTF-8
//   - BLOB as {"base64":"…"}
//
// Only in an export can a TEXT that is not UTF-8 be told from a BLOB: it is
// {"base64":"…","as":"text"} there.
func (e *typed) value(o *output, v value) error {
	switch v.kind {
	case kindInt:
		n := int64(v.bits)
		if n < -exact || n > exact {
			o.add(`{"integer":"`)
			o.buf = append(strconv.AppendInt(o.buf, n, 10), `"}`...)
			return nil
		}
		o.buf = strconv.AppendInt(o.buf, n, 10)
	case kindReal:
		o.buf = appendNumber(o.buf, math.Float64frombits(v.bits))
	case kindText:
		if utf8.Valid(v.data) {
			return appendText(o, v.data)
		}
		if e.whole {
			return appendBase64(o, v.data, `,"as":"text"`)
		}
		return appendBase64(o, v.data, "")
	case kindBlob:
		return appendBase64(o, v.data, "")
	default:
		o.add("null")
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

// appendBase64 writes bytes, and what is to be told of them besides.
func appendBase64(o *output, b []byte, more string) error {
	const piece = pieceBytes / 4 * 3 // a multiple of three: no padding inside
	o.add(`{"base64":"`)
	for len(b) > piece {
		o.buf = base64.StdEncoding.AppendEncode(o.buf, b[:piece])
		b = b[piece:]
		if err := o.room(); err != nil {
			return err
		}
	}
	o.buf = base64.StdEncoding.AppendEncode(o.buf, b)
	o.add(`"` + more + `}`)
	return nil
}

// describe writes the columns.
func (e *typed) describe(o *output, columns []column) error {
	e.columns, e.inRow = len(columns), false
	o.add(`"columns":[`)
	for i, c := range columns {
		if i > 0 {
			o.add(`,`)
		}
		o.add(`{"name":`)
		if err := appendText(o, []byte(c.name)); err != nil {
			return err
		}
		o.add(`,"type":`)
		if !c.typed {
			o.add(`null`)
		} else if err := appendText(o, []byte(c.declared)); err != nil {
			return err
		}
		o.add(`}`)
		if err := o.room(); err != nil {
			return err
		}
	}
	o.add(`]`)
	return nil
}

// ending writes the members that follow the rows.
func (e *typed) ending(o *output, end ending) {
	o.add(`"rows_affected":`)
	o.buf = strconv.AppendInt(o.buf, end.affected, 10)
	o.add(`,"last_insert_rowid":`)
	switch {
	case !end.inserted:
		o.add(`null`)
	case end.rowid < -exact || end.rowid > exact:
		o.add(`{"integer":"`)
		o.buf = append(strconv.AppendInt(o.buf, end.rowid, 10), `"}`...)
	default:
		o.buf = strconv.AppendInt(o.buf, end.rowid, 10)
	}
	o.add(`,"truncated":`)
	o.buf = strconv.AppendBool(o.buf, end.truncated)
}

func (e *typed) cost(o *output, c cost) {
	o.add(`"cost":{"duration_ms":`)
	o.buf = strconv.AppendFloat(o.buf, float64(c.engine)/float64(time.Millisecond), 'f', 3, 64)
	o.add(`,"rows_written":`)
	o.buf = strconv.AppendInt(o.buf, c.written, 10)
	o.add(`}`)
}

// err writes an error as an object; numbers are numbers.
func (e *typed) err(o *output, err *errs.Error) {
	o.add(`"error":{"message":"`)
	o.buf = append(appendEscaped(o.buf, []byte(err.Message)), '"')
	for _, name := range slices.Sorted(maps.Keys(err.Attrs)) {
		o.add(`,"` + name + `":`)
		if n, bad := strconv.Atoi(err.Attrs[name]); bad == nil {
			o.buf = strconv.AppendInt(o.buf, int64(n), 10)
			continue
		}
		o.add(`"`)
		o.buf = append(appendEscaped(o.buf, []byte(err.Attrs[name])), '"')
	}
	o.add(`}`)
}
