package daemonapi

import (
	"bytes"
	"strconv"
	"strings"
)

// specialBytes are the bytes that separate and enclose fields, or begin escapes,
// for some program or other; rare are those that separate fields where there
// is nothing else that does.
const (
	specialBytes   = "\",'\r\n;|\t\\"
	rareSeparators = " :^\x01"
)

// PlainField tells whether a text is one for every reader of CSV when it is not
// in quotes: nothing in it separates fields, it is no number, no word for NULL or
// a boolean, and no remark. single says that it is the only field of its row.
// Exports have quotes around what is not plain, and around nothing else.
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

// maxWord is as long as what is looked at as a word or a number.
const maxWord = 400

// looksNumeric tells whether a text is a number to some reader of CSV.
func looksNumeric(b []byte) bool {
	s := string(b)
	if c := s[0]; c >= 0x80 || c >= 'A' && c != 'i' && c != 'I' && c != 'n' && c != 'N' {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || !strings.ContainsFunc(s, func(c rune) bool { return !strings.ContainsRune("0123456789+-.eE% ", c) })
}

// csvWords are those, in small letters, that some program reads as NULL or as a
// boolean.
var csvWords = map[string]bool{
	"na": true, "n/a": true, "null": true, "none": true, "nil": true, "nan": true, "true": true, "false": true, "t": true, "f": true,
	"yes": true, "no": true, "wahr": true, "falsch": true, "vrai": true, "faux": true, "verdadero": true, "falso": true, "vero": true,
}
