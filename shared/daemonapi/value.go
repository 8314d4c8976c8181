package daemonapi

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
)

const valueForms = `A value has to be null, a string, a number, true, false, {"base64":"…"}, {"integer":"…"} or {"real":"…"}`

// value reads the value of one parameter.
func (d decoder) value() (Value, error) {
	if *d.values++; *d.values > maxValues {
		return Value{}, d.mistake("A request may have at most %d values of parameters; split it", maxValues)
	}
	if d.PeekKind() == '{' {
		return d.tagged()
	}
	t, err := d.ReadToken()
	if err != nil {
		return Value{}, d.syntaxError(err)
	}
	switch t.Kind() {
	case 'n':
		return Value{}, nil
	case 't':
		return Value{Kind: Integer, Integer: 1}, nil
	case 'f':
		return Value{Kind: Integer}, nil
	case '"':
		return Value{Kind: Text, Bytes: []byte(t.String())}, nil
	case '0':
		return d.number(t.String())
	}
	return Value{}, d.mistake(valueForms)
}

// number reads a JSON number as INTEGER or REAL, depending on its spelling.
func (d decoder) number(s string) (Value, error) {
	if strings.ContainsAny(s, ".eE") {
		return d.real(s)
	}
	return d.integer(s)
}

func (d decoder) integer(s string) (Value, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return Value{}, d.mistake(`This is no integer of 64 bits; write a larger number as {"real":"…"} or as a string`)
	}
	return Value{Kind: Integer, Integer: n}, nil
}

// real reads a decimal number. A number too large for a REAL is refused, as it
// would become infinite.
func (d decoder) real(s string) (Value, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || strings.ContainsAny(s, "_xXpP") {
		return Value{}, d.mistake("This is no number that a REAL can hold")
	}
	return Value{Kind: Real, Real: f}, nil
}

// tagged reads a value that JSON has no form for.
func (d decoder) tagged() (Value, error) {
	var v Value
	members, as := 0, false
	err := d.object("", func(name string) error {
		t, err := d.token('"', valueForms)
		if err != nil {
			return err
		}
		if name == "as" && t.String() == "text" {
			as = true
			return nil
		}
		members++
		v, err = d.taggedValue(name, t.String())
		return err
	})
	if err == nil && (members != 1 || as && v.Kind != Blob) {
		err = d.mistake(valueForms)
	}
	if as {
		v.Kind = Text // that need not be UTF-8
	}
	return v, err
}

func (d decoder) taggedValue(name, s string) (Value, error) {
	switch name {
	case "base64":
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil {
			return Value{}, d.mistake("This is not base64 (the standard alphabet, with padding)")
		}
		return Value{Kind: Blob, Bytes: b}, nil
	case "integer":
		return d.integer(s)
	case "real":
		switch s {
		case "Infinity":
			return Value{Kind: Real, Real: math.Inf(1)}, nil
		case "-Infinity":
			return Value{Kind: Real, Real: math.Inf(-1)}, nil
		}
		if v, err := d.real(s); err == nil && !math.IsInf(v.Real, 0) {
			return v, nil
		}
		return Value{}, d.mistake("This is no number that a REAL can hold")
	}
	return Value{}, d.mistake(valueForms)
}
