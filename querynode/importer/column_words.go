package importer

import (
	"math"
	"strings"
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
	tDots                       // one whose point may stand between thousands: 1.000
	tFine                       // one with a point that cannot
	tSpecial                    // infinity, or not a number
	tTrue                       // a boolean
	tFalse
	tShort // a boolean of one letter
	tDate
	tCode  // a text of two capital letters
	tText  // any other, in quotes or not
	tBare  // a text without quotes that is not empty
	tEmpty // an empty text, in quotes

	tNumber = tInt | tLong | tWhole | tBig | tReal | tPoint | tComma | tGroup | tDots | tFine | tSpecial
)

// nullWord is a word that can stand for NULL.
type nullWord uint8

const (
	nullNA nullWord = 1 << iota
	nullN           // \N
	nullNULL
	nullOther // a word that stands for nothing among numbers only
)

// nullWords are those words, with how they count.
var nullWords = map[string]nullWord{
	"NA": nullNA, `\N`: nullN, "NULL": nullNULL,
	"null": nullOther, "None": nullOther, "N/A": nullOther, "n/a": nullOther, "#N/A": nullOther, "<NA>": nullOther, "<nil>": nullOther,
}

// booleans are the words that writers have for booleans.
var booleans = map[string]traits{
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

// columnWords is what a column of CSV has held so far.
type columnWords struct {
	traits
	gaps  nullWord // words for NULL, without quotes
	empty bool     // there was nothing at all
	exact bool     // NULL is given: no other word stands for it
	list  bool     // a comma separates fields, and is not that of a number
	blobs bool     // there were BLOBs
}

// add takes a value in.
func (w *columnWords) add(c cell) {
	if c.kind == null {
		w.empty = true
		return
	}
	switch {
	case c.kind == blob:
		w.blobs = true
		return
	case c.kind == text:
		w.traits |= tText | tBare
		return
	case len(c.data) == 0:
		w.traits |= tEmpty
		return
	}
	if c.kind == word && len(c.data) <= 5 && !w.exact {
		if g := nullWords[string(c.data)]; g != 0 {
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
func (w columnWords) typed(gaps nullWord) string {
	w.traits &^= tEmpty
	t := w.traits &^ tBare
	if w.gaps&^gaps != 0 && !w.numbers() && !w.truth() {
		return typeText
	}
	switch {
	case t == 0 && w.blobs:
		return typeBlob
	case t == 0:
		return typeText
	case w.truth():
		return typeInteger
	case !w.numbers():
		return typeText
	case t&(tWhole|tBig|tReal|tComma|tSpecial) == 0:
		return typeInteger
	case t&tLong != 0: // of which a real number would lose digits
		if t&^(tInt|tLong|tWhole|tBig|tPoint|tDots|tFine) == 0 {
			return typeInteger
		}
		return typeText
	}
	return typeReal
}

// thousands reports whether the points of a column may all stand between
// thousands.
func (w columnWords) thousands() bool { return w.traits&tDots != 0 && w.traits&tFine == 0 }

// numbers reports whether all words are numbers, whatever stands for NULL.
func (w columnWords) numbers() bool {
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
func (w columnWords) truth() bool {
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
		if len(b) <= 40 && isDate(string(b)) {
			return tDate
		}
		fallthrough
	default:
		if len(b) <= 9 {
			if t := booleans[string(b)]; t != 0 {
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
