package importer

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/query"
)

// traits is what the words of a column of CSV have been so far, a set.
type traits uint32

const (
	tInt     traits = 1 << iota // an integer that a real number holds exactly, too
	tLong                       // one that only an integer holds exactly
	tWhole                      // a real number without a fraction, within the integers: 2.0, 1E+2
	tBig                        // a real number without a fraction, beyond the integers
	tReal                       // another real number, of which no digit is lost
	tPoint                      // any of them has a decimal point and no exponent
	tComma                      // a number with a decimal comma
	tGroup                      // one that may have a comma between thousands: 1,000
	tSpecial                    // infinity, or not a number
	tTrue                       // a boolean
	tFalse
	tShort // a boolean of one letter
	tDate
	tCode  // a text of two capital letters
	tText  // any other, in quotes or not
	tBare  // a text without quotes that is not empty
	tEmpty // an empty text, in quotes

	tNumber = tInt | tLong | tWhole | tBig | tReal | tPoint | tComma | tGroup | tSpecial
)

// gap is a word that can stand for NULL.
type gap uint8

const (
	gapNA gap = 1 << iota
	gapN      // \N
	gapNULL
	gapOther // a word that stands for nothing among numbers only
)

// gapWords are those words, with how they count.
var gapWords = map[string]gap{
	"NA": gapNA, `\N`: gapN, "NULL": gapNULL,
	"null": gapOther, "None": gapOther, "N/A": gapOther, "n/a": gapOther, "#N/A": gapOther, "<NA>": gapOther, "<nil>": gapOther,
}

// truths are the words that writers have for booleans.
var truths = map[string]traits{
	"true": tTrue, "false": tFalse, "True": tTrue, "False": tFalse, "TRUE": tTrue, "FALSE": tFalse,
	"t": tTrue | tShort, "f": tFalse | tShort,
	"WAHR": tTrue, "FALSCH": tFalse, "VRAI": tTrue, "FAUX": tFalse, "VERDADERO": tTrue, "FALSO": tFalse, "VERO": tTrue,
}

func special(b []byte) (f float64, is bool) {
	if len(b) > 9 || len(b) < 3 {
		return 0, false
	}
	s := strings.ToLower(string(b))
	switch strings.TrimLeft(s, "+-") {
	case "inf", "infinity":
		if s[0] == '-' {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	case "nan":
		return math.NaN(), s == "nan" || s == "-nan"
	}
	return 0, false
}

// words is what a column of CSV has held so far.
type words struct {
	traits
	gaps  gap  // words for NULL, without quotes
	empty bool // there was nothing at all
	exact bool // NULL is given: no other word stands for it
	list  bool // a comma separates fields, and is not that of a number
}

// add takes a value in.
func (w *words) add(c cell) {
	if c.kind == null {
		w.empty = true
		return
	}
	if len(c.data) == 0 {
		w.traits |= tEmpty
		return
	}
	if c.kind == word && len(c.data) <= 5 && !w.exact {
		if g := gapWords[string(c.data)]; g != 0 {
			w.gaps |= g
			return
		}
	}
	if w.traits&tText != 0 && (w.traits&tBare != 0 || c.kind == enclosed) {
		return // there is nothing more to learn
	}
	t := traitOf(c.data)
	if w.list && t&(tComma|tGroup) != 0 {
		t = tText
	}
	if t&(tText|tCode) != 0 && c.kind == word {
		t |= tBare
	}
	w.traits |= t
}

// typed is the type of the column, where gaps are the words that stand for
// NULL in the whole data.
// An empty text in quotes stays one among numbers, which no type of SQLite
// keeps from it.
func (w words) typed(gaps gap) string {
	w.traits &^= tEmpty
	t := w.traits &^ tBare
	if w.gaps&^gaps != 0 && !w.numbers() && !w.truth() {
		return typeText
	}
	switch {
	case t == 0:
		return typeText
	case w.truth():
		return typeInteger
	case !w.numbers():
		return typeText
	case t&(tWhole|tBig|tReal|tComma|tSpecial) == 0:
		return typeInteger
	case t&tLong != 0: // of which a real number would lose digits
		if t&^(tInt|tLong|tWhole|tBig|tPoint) == 0 {
			return typeInteger
		}
		return typeText
	}
	return typeReal
}

// numbers reports whether all words are numbers, whatever stands for NULL.
func (w words) numbers() bool {
	t := w.traits
	switch {
	case t&^tNumber != 0 || t&^tSpecial == 0:
		return false
	case t&(tComma|tGroup) != 0: // one reading for all of them
		return t&tComma != 0 && t&(tPoint|tLong) == 0
	case t&tLong != 0:
		return t&(tReal|tSpecial) == 0
	}
	return true
}

// truth reports whether all words are booleans. One letter alone can be
// anything; both are what PostgreSQL writes.
func (w words) truth() bool {
	t := w.traits
	if t&^(tTrue|tFalse|tShort) != 0 || t&(tTrue|tFalse) == 0 {
		return false
	}
	return t&tShort == 0 || t&tTrue != 0 && t&tFalse != 0
}

// traitOf looks at a word.
func traitOf(b []byte) traits {
	if len(b) == 0 || len(b) > 400 {
		return tText
	}
	switch c := b[0]; {
	case c >= '0' && c <= '9' || c == '-' || c == '.' || c == 0xE2:
		if t := numberTrait(b); t != 0 {
			return t
		}
		if len(b) <= 40 && dated(string(b)) {
			return tDate
		}
		fallthrough
	default:
		if len(b) <= 9 {
			if t := truths[string(b)]; t != 0 {
				return t
			}
			if _, is := special(b); is {
				return tSpecial
			}
		}
		if len(b) == 2 && capital(b[0]) && capital(b[1]) {
			return tCode
		}
	}
	return tText
}

func capital(c byte) bool { return c >= 'A' && c <= 'Z' }

// minus is what some spreadsheets write for one.
var minus = []byte("\u2212")

// numberTrait looks at what may be a number; 0 if it is none, or if a digit
// or a leading zero would be lost.
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
		case c == '.' && exp < 0 && comma < 0 && point >= 0: // thousands, if a comma follows
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
		t |= tPoint
	}
	return t
}

// commaTrait looks at digits with one comma.
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

// grouped reports whether points stand between thousands.
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
	case digits[0] == '0' && len(b) > 1: // -0, of a real number
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

// realTrait looks at a number with a point or an exponent.
func realTrait(b []byte) traits {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return 0
	}
	if len(b) > 16 || bytes.IndexAny(b, "eE") >= 0 { // 15 digits are always exact
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

// expanded reports whether the digits are those of the very number that they
// are read as, written with more of them than it needs: 0.3000000000000000444.
func expanded(f float64, given, b []byte) bool {
	if len(given) < 16 || len(given) > 60 || bytes.IndexByte(b, '.') < 0 {
		return false
	}
	exact, _ := normal(strconv.AppendFloat(nil, f, 'e', len(given)-1, 64))
	return bytes.Equal(exact, given)
}

// converted makes a value of a word, for a column of the type; ok is false if
// it is none.
func converted(c cell, typ string) (v query.Value, ok bool) {
	b := c.data
	if typ != typeInteger && typ != typeReal {
		return query.Value{Kind: query.Text, Bytes: b}, true
	}
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		if typ == typeReal && !(n == 0 && b[0] == '-') {
			return query.Value{Kind: query.Real, Real: float64(n)}, true
		}
		if typ == typeInteger {
			return query.Value{Kind: query.Integer, Integer: n}, true
		}
	}
	if t := truths[string(b)]; t != 0 {
		v = query.Value{Kind: query.Integer}
		if t&tTrue != 0 {
			v.Integer = 1
		}
		if typ == typeReal {
			v = query.Value{Kind: query.Real, Real: float64(v.Integer)}
		}
		return v, true
	}
	f, ok := realOf(b)
	switch {
	case !ok:
		return v, false
	case math.IsNaN(f):
		return query.Value{}, true
	case typ == typeReal:
		return query.Value{Kind: query.Real, Real: f}, true
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		return query.Value{Kind: query.Integer, Integer: int64(f)}, true
	case f == math.Trunc(f) && !math.IsInf(f, 0):
		return query.Value{Kind: query.Real, Real: f}, true // beyond the integers
	}
	return v, false
}

// realOf reads a number with a point or a comma, or a word for one.
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
		return 0, false // of which Go knows more forms
	}
	f, err := strconv.ParseFloat(string(b), 64)
	return f, err == nil
}
