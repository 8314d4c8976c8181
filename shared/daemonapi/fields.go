package daemonapi

import (
	"bytes"
	"strconv"
	"strings"
)

// specialBytes separate or enclose fields, or begin escapes, in some CSV
// readers. Some readers take rareSeparators as separators if they find no
// other.
const (
	specialBytes   = "\",'\r\n;|\t\\"
	rareSeparators = " :^\x01"
)

// PlainField reports whether every CSV reader understands a text without
// quotes: it has no separator, and is no number, boolean, word for NULL, or
// comment. single reports that it is the only field of its row. Exports put
// quotes around all other fields, and around no others.
func PlainField(s []byte, single bool) bool {
	switch {
	case len(s) == 0 || bytes.ContainsAny(s, specialBytes) || single && bytes.ContainsAny(s, rareSeparators):
		return false
	case s[0] <= ' ' || s[len(s)-1] <= ' ' || len(bytes.TrimSpace(s)) < len(s) || s[0] == '#' || s[0] == '(' || s[0] == '<':
		return false
	case len(s) > maxWord:
		return true
	}
	return !csvWords[strings.ToLower(string(s))] && !looksNumeric(s)
}

// maxWord is the longest text that is checked as a word or a number.
const maxWord = 400

// looksNumeric reports whether some CSV reader takes a text for a number.
func looksNumeric(b []byte) bool {
	s := string(b)
	if c := s[0]; c >= 0x80 || c >= 'A' && c != 'i' && c != 'I' && c != 'n' && c != 'N' {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || !strings.ContainsFunc(s, func(c rune) bool { return !strings.ContainsRune("0123456789+-.eE% ", c) })
}

// csvWords are lower-case words that some program reads as NULL or as a
// boolean.
var csvWords = map[string]bool{
	"na": true, "n/a": true, "null": true, "none": true, "nil": true, "nan": true, "true": true, "false": true, "t": true, "f": true,
	"yes": true, "no": true, "wahr": true, "falsch": true, "vrai": true, "faux": true, "verdadero": true, "falso": true, "vero": true,
}
