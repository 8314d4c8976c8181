package importer

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// minus is the minus sign of some spreadsheets.
var minus = []byte("\u2212")

// numberTrait classifies a number. It returns 0 if the text is not a number, or
// if a digit or a leading zero would be lost.
func numberTrait(b []byte) traits {
	if bytes.Contains(b, minus) {
		b = bytes.ReplaceAll(b, minus, []byte{'-'})
	}
	digits := b
	if b[0] == '-' {
		digits = b[1:]
	}
	point, exp, comma, groups := -1, -1, -1, 0
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
		case c == '.' && exp < 0 && point < 0 && comma < 0:
			point = i
		case c == '.' && exp < 0 && comma < 0 && point >= 0: // separates thousands, if a comma follows
			groups++
		case c == ',' && exp < 0 && comma < 0:
			comma = i
		case (c == 'e' || c == 'E') && exp < 0 && i > 0 && comma < 0:
			exp = i
		case (c == '+' || c == '-') && exp >= 0 && i == exp+1 && i+1 < len(digits):
		default:
			return 0
		}
	}
	switch {
	case len(digits) == 0 || exp == len(digits)-1:
		return 0
	case comma >= 0:
		return commaTrait(digits, comma)
	case groups > 0:
		return 0
	case point < 0 && exp < 0:
		return integerTrait(b, digits)
	}
	mantissa := digits
	if exp >= 0 {
		mantissa = digits[:exp]
	}
	if len(mantissa) == 1 && point == 0 || len(mantissa) > 1 && mantissa[0] == '0' && mantissa[1] != '.' {
		return 0 // 007.5
	}
	t := realTrait(b)
	if t != 0 && exp < 0 {
		t |= tPoint | dotTrait(mantissa, point)
	}
	return t
}

// dotTrait reports whether a point may separate thousands.
func dotTrait(digits []byte, point int) traits {
	if point >= 1 && point <= 3 && digits[0] != '0' && len(digits)-point == 4 {
		return tDots
	}
	return tFine
}

// commaTrait classifies digits with one comma.
func commaTrait(digits []byte, comma int) traits {
	whole, part := digits[:comma], digits[comma+1:]
	if len(whole) == 0 || len(part) == 0 || len(whole)+len(part) > 20 {
		return 0
	}
	if bytes.IndexByte(whole, '.') >= 0 && !grouped(whole) {
		return 0
	}
	plain := bytes.ReplaceAll(whole, []byte{'.'}, nil)
	if len(plain) > 1 && plain[0] == '0' {
		return 0
	}
	if realTrait(append(append(plain, '.'), part...)) == 0 {
		return 0
	}
	if len(part) == 3 && len(plain) <= 3 && plain[0] != '0' && len(plain) == len(whole) {
		return tGroup
	}
	return tComma
}

// grouped reports whether points separate thousands.
func grouped(b []byte) bool {
	parts := bytes.Split(b, []byte{'.'})
	for i, p := range parts {
		if len(p) != 3 && (i > 0 || len(p) == 0 || len(p) > 3) {
			return false
		}
	}
	return true
}

func integerTrait(b, digits []byte) traits {
	switch {
	case digits[0] == '0' && len(digits) > 1: // 007
		return 0
	case digits[0] == '0' && len(b) > 1: // -0, a real number
		return tWhole
	case len(digits) <= 15:
		return tInt
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	switch {
	case err == nil && n != math.MaxInt64 && int64(float64(n)) == n:
		return tInt
	case err == nil:
		return tLong
	case sameReal(b) == fraction:
		return tBig
	}
	return 0
}

// realTrait classifies a number with a point or an exponent.
func realTrait(b []byte) traits {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return 0
	}
	if len(b) > 16 || bytes.ContainsAny(b, "eE") { // 15 digits are always exact
		given, exp := normal(b)
		kept, keptExp := normal(strconv.AppendFloat(nil, f, 'e', -1, 64))
		if len(given) > 0 && (!bytes.Equal(given, kept) || exp != keptExp) && !expanded(f, given, b) {
			return 0
		}
	}
	switch {
	case f != math.Trunc(f):
		return tReal
	case math.Abs(f) < 1<<63:
		return tWhole
	}
	return tBig
}

// expanded reports whether the digits are the exact value of the number that
// they are read as, written with more digits than needed:
// 0.3000000000000000444.
func expanded(f float64, given, b []byte) bool {
	if len(given) < 16 || len(given) > 60 || bytes.IndexByte(b, '.') < 0 {
		return false
	}
	exact, _ := normal(strconv.AppendFloat(nil, f, 'e', len(given)-1, 64))
	return bytes.Equal(exact, given)
}

// converted converts a word for a column of the type; ok is false if it does
// not fit.
func converted(c cell, typ string) (v daemonapi.Value, ok bool) {
	b := c.data
	if typ != typeInteger && typ != typeReal {
		return daemonapi.Value{Kind: daemonapi.Text, Bytes: b}, true
	}
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		if typ == typeReal && !(n == 0 && b[0] == '-') {
			return daemonapi.Value{Kind: daemonapi.Real, Real: float64(n)}, true
		}
		if typ == typeInteger {
			return daemonapi.Value{Kind: daemonapi.Integer, Integer: n}, true
		}
	}
	if t := booleans[string(b)]; t != 0 {
		v = daemonapi.Value{Kind: daemonapi.Integer}
		if t&tTrue != 0 {
			v.Integer = 1
		}
		if typ == typeReal {
			v = daemonapi.Value{Kind: daemonapi.Real, Real: float64(v.Integer)}
		}
		return v, true
	}
	f, ok := realOf(b)
	switch {
	case !ok:
		return v, false
	case math.IsNaN(f):
		return daemonapi.Value{}, true
	case typ == typeReal:
		return daemonapi.Value{Kind: daemonapi.Real, Real: f}, true
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		return daemonapi.Value{Kind: daemonapi.Integer, Integer: int64(f)}, true
	case f == math.Trunc(f) && !math.IsInf(f, 0):
		return daemonapi.Value{Kind: daemonapi.Real, Real: f}, true // beyond the range of integers
	}
	return v, false
}

// realOf reads a number with a point or a comma, or a word such as inf.
func realOf(b []byte) (float64, bool) {
	if len(b) == 0 || len(b) > 400 {
		return 0, false
	}
	if f, is := special(b); is {
		return f, true
	}
	if bytes.Contains(b, minus) {
		b = bytes.ReplaceAll(b, minus, []byte{'-'})
	}
	if bytes.IndexByte(b, ',') >= 0 {
		b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte{'.'}, nil), []byte{','}, []byte{'.'})
	}
	if strings.Trim(string(b), "+-.0123456789eE") != "" {
		return 0, false // Go accepts more forms
	}
	f, err := strconv.ParseFloat(string(b), 64)
	return f, err == nil
}
