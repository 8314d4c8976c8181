package importer

import (
	"bytes"
	"strconv"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// cell is one value of a row. data is valid until the next row.
type cell struct {
	kind cellKind
	data []byte
}

type cellKind uint8

const (
	null    cellKind = iota
	word             // of CSV: a number if it looks like one
	text             // a text whatever it looks like
	number           // of JSON, that no type keeps all digits of
	integer          // of JSON, as is every other below
	real
	blob
	enclosed // of CSV: a word in quotes
)

// The types a column can be found to have.
const (
	typeInteger = "INTEGER"
	typeReal    = "REAL"
	typeText    = "TEXT"
	typeBlob    = "BLOB"
	typeNumeric = "NUMERIC"
	typeNone    = "" // declared nothing: each value stays as it is
)

// valueSet is what a column has held so far, a set of these.
type valueSet uint8

const (
	smallInt valueSet = 1 << iota // at most 15 digits: exact as a real too
	largeInt
	fraction // a real, exactly
	other    // not a number, or not exactly
	textual  // of JSON: a text
	binary   // of JSON: a BLOB
	own      // of JSON: a number, which says itself of what type it is
	signless // of JSON: -0.0, of which a REAL column keeps no sign
)

// add takes a value of JSON in.
func (s *valueSet) add(c cell) {
	switch c.kind {
	case null:
	case text:
		*s |= textual
	case integer:
		*s |= own | smallInt
		if len(c.data) > 15 {
			*s |= largeInt
		}
	case real:
		*s |= own | fraction
		if c.data[0] == '-' && len(bytes.Trim(c.data, "-0.")) == 0 {
			*s |= signless
		}
	case blob:
		*s |= binary
	default:
		*s |= other
	}
}

// typed is the type for a column with all that. A column of JSON that has both
// texts and numbers, or numbers that no type holds all of, is declared none.
func (s valueSet) typed() string {
	switch {
	case s == binary:
		return typeBlob
	case s&other == 0 && s&own != 0 && (s&(textual|signless) != 0 || s&fraction != 0 && s&largeInt != 0):
		return typeNone
	case s&textual != 0:
		return typeText
	case s == 0 || s&other != 0 || s&fraction != 0 && s&largeInt != 0:
		return typeText
	case s&fraction != 0:
		return typeReal
	}
	return typeInteger
}

// sameReal reports whether a real number is written back in just this way.
func sameReal(b []byte) valueSet {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !bytes.Equal(strconv.AppendFloat(nil, f, 'f', -1, 64), b) {
		return other
	}
	return fraction
}

// normal returns the digits of a number without zeros at both ends, and the
// power of ten of the last of them.
func normal(b []byte) (digits []byte, exp int) {
	if i := bytes.IndexAny(b, "eE"); i >= 0 {
		exp, _ = strconv.Atoi(string(b[i+1:])) // beyond an int it is no finite number, or 0
		b = b[:i]
	}
	if i := bytes.IndexByte(b, '.'); i >= 0 {
		exp -= len(b) - i - 1
	}
	for _, c := range b {
		if c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	all := len(digits)
	digits = bytes.TrimRight(digits, "0")
	exp += all - len(digits)
	digits = bytes.TrimLeft(digits, "0")
	if len(digits) == 0 {
		exp = 0
	}
	return digits, exp
}

// value makes a value for a column of the type.
func (c cell) value(typ string) daemonapi.Value {
	switch {
	case c.kind == null:
		return daemonapi.Value{}
	case c.kind == blob:
		return daemonapi.Value{Kind: daemonapi.Blob, Bytes: c.data}
	case c.kind == text:
		return daemonapi.Value{Kind: daemonapi.Text, Bytes: c.data}
	case c.kind == integer && typ != typeText && typ != typeReal:
		typ = typeInteger
	case c.kind == real && typ != typeText:
		typ = typeReal
	}
	switch typ {
	case typeInteger:
		if n, err := strconv.ParseInt(string(c.data), 10, 64); err == nil {
			return daemonapi.Value{Kind: daemonapi.Integer, Integer: n}
		}
	case typeReal:
		if f, err := strconv.ParseFloat(string(c.data), 64); err == nil {
			return daemonapi.Value{Kind: daemonapi.Real, Real: f}
		}
	}
	return daemonapi.Value{Kind: daemonapi.Text, Bytes: c.data}
}
