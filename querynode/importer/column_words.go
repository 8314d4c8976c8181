package importer

import (
	"math"
	"strings"
)

// traits is the set of forms that the words of a CSV column have had so far.
type traits uint32

const (
	tInt     traits = 1 << iota // an integer that a REAL also holds exactly
	tLong                       // an integer that a REAL does not hold exactly
	tWhole                      // a real number without a fraction, within the integers: 2.0, 1E+2
	tBig                        // a real number without a fraction, beyond the integers
	tReal                       // another real number, without loss of digits
	tPoint                      // a real number with a decimal point and without an exponent
	tComma                      // a number with a decimal comma
	tGroup                      // a number whose comma may separate thousands: 1,000
	tDots                       // a number whose point may separate thousands: 1.000
	tFine                       // a number whose point cannot separate thousands
	tSpecial                    // infinity, or not a number
	tTrue                       // a boolean
	tFalse
	tShort // a boolean of one letter
	tDate
	tCode  // a text of two capital letters
	tText  // any other text, with or without quotes
	tBare  // a text without quotes, not empty
	tEmpty // an empty text, in quotes

	tNumber = tInt | tLong | tWhole | tBig | tReal | tPoint | tComma | tGroup | tDots | tFine | tSpecial
)

// nullWord is a set of words that can stand for NULL.
type nullWord uint8

const (
	nullNA nullWord = 1 << iota
	nullN           // \N
	nullNULL
	nullOther // a word that stands for NULL among numbers only
)

// nullWords maps such words to their class.
var nullWords = map[string]nullWord{
	"NA": nullNA, `\N`: nullN, "NULL": nullNULL,
	"null": nullOther, "None": nullOther, "N/A": nullOther, "n/a": nullOther, "#N/A": nullOther, "<NA>": nullOther, "<nil>": nullOther,
}

// booleans maps the words for booleans in common programs.
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

// columnWords describes the cells of a CSV column so far.
type columnWords struct {
	traits
	gaps  nullWord // words for NULL, without quotes
	empty bool     // there was an empty field
	exact bool     // the options say what stands for NULL
	list  bool     // a comma separates fields, so numbers have none
	blobs bool     // there was a BLOB
}

// add adds a cell.
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
		return // more cells change nothing
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

// typed returns the type of the column; gaps are the words that stand for NULL
// in the entire data. An empty text in quotes among numbers stays an empty
// text, in a column of any type.
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
	case t&tLong != 0: // a REAL would lose digits
		if t&^(tInt|tLong|tWhole|tBig|tPoint|tDots|tFine) == 0 {
			return typeInteger
		}
		return typeText
	}
	return typeReal
}

// thousands reports whether every point of the column may separate thousands.
func (w columnWords) thousands() bool { return w.traits&tDots != 0 && w.traits&tFine == 0 }

// numbers reports whether all words are numbers, except those for NULL.
func (w columnWords) numbers() bool {
	t := w.traits
	switch {
	case t&^tNumber != 0 || t&^tSpecial == 0:
		return false
	case t&(tComma|tGroup) != 0: // all of them must be read in the same way
		return t&tComma != 0 && t&(tPoint|tLong) == 0
	case t&tLong != 0:
		return t&(tReal|tSpecial) == 0
	}
	return true
}

// truth reports whether all words are booleans. A single letter can mean
// anything, unless both t and f occur, as PostgreSQL writes them.
func (w columnWords) truth() bool {
	t := w.traits
	if t&^(tTrue|tFalse|tShort) != 0 || t&(tTrue|tFalse) == 0 {
		return false
	}
	return t&tShort == 0 || t&tTrue != 0 && t&tFalse != 0
}

// traitOf classifies a word.
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
