package importer

import (
	"bytes"
	"strconv"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// cell is one value of a row. Its data is valid until the next row is read.
type cell struct {
	kind cellKind
	data []byte
}

type cellKind uint8

const (
	null    cellKind = iota
	word             // of CSV: a number if it looks like one
	text             // a text, whatever it looks like
	number           // of JSON: too many digits for any type
	integer          // of JSON, like all below
	real
	blob
	enclosed // of CSV: a word in quotes
)

// The types that a column can have.
const (
	typeInteger = "INTEGER"
	typeReal    = "REAL"
	typeText    = "TEXT"
	typeBlob    = "BLOB"
	typeNumeric = "NUMERIC"
	typeNone    = "" // no declared type: each value stays as it is
)

// valueSet is the set of kinds of values that a column has had.
type valueSet uint8

const (
	smallInt valueSet = 1 << iota // at most 15 digits: exact as a REAL too
	largeInt
	fraction // an exact REAL
	other    // not an exact number
	textual  // of JSON: a text
	binary   // of JSON: a BLOB
	own      // of JSON: a number with a type of its own
	signless // of JSON: -0.0, whose sign a REAL column loses
)

// add adds a value of JSON.
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

// typed returns the type for a column with these values. A JSON column with
// texts and numbers, or with numbers that no type holds exactly, gets no
// declared type.
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

// sameReal reports whether a real number is written in its shortest form.
func sameReal(b []byte) valueSet {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !bytes.Equal(strconv.AppendFloat(nil, f, 'f', -1, 64), b) {
		return other
	}
	return fraction
}

// normal returns the digits of a number without zeros at both ends, and the
// exponent of its last digit.
func normal(b []byte) (digits []byte, exp int) {
	if i := bytes.IndexAny(b, "eE"); i >= 0 {
		exp, _ = strconv.Atoi(string(b[i+1:])) // beyond an int, it is 0 or infinite
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

// value converts a cell for a column of the type.
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
