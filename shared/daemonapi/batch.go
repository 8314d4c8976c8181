package daemonapi

import "time"

// Batch is the content of a JSON body.
type Batch struct {
	// Statements run in order. Only with Script may the text of a statement,
	// which is then the only one, contain several SQL statements.
	Statements []Statement
	// Script reports that the body had one text without parameters.
	Script bool
	// Atomic runs all statements in one transaction. Otherwise each has its
	// own, and the next one runs even when one fails.
	Atomic bool
	// MaxRows limits the returned rows of a result; 0 is unlimited.
	MaxRows int64
	// Timeout is the caller's own limit of engine time; 0 is unlimited.
	Timeout time.Duration
}

// Statement is SQL with the values of its parameters.
type Statement struct {
	SQL    string
	Params Params
	// Expect is the number of rows that the statement must affect, or nil for any.
	// Otherwise it fails with Conflict, like a statement that breaks a rule.
	Expect *int64
}

// Params are the values of a statement's parameters: positional, named, or
// none. An engine refuses a statement whose parameters do not match.
type Params struct {
	// Positional are the values of parameters 1 to n.
	Positional []Value
	// Named are values by name, in the given order. A name has its sign (":a",
	// "@a", "$a"), or no sign and matches any; "1" and "?1" are the parameter
	// of that number. Names are unique.
	Named []Named
}

// Empty reports whether there are no values.
func (p Params) Empty() bool { return len(p.Positional) == 0 && len(p.Named) == 0 }

// Named is the value of one named parameter.
type Named struct {
	Name  string
	Value Value
}

// ValueKind is the storage class of a value.
type ValueKind uint8

// The kinds of values. Null is the zero value.
const (
	Null ValueKind = iota
	Integer
	Real
	Text
	Blob
)

// Value is the unchanged value of a parameter.
type Value struct {
	Kind    ValueKind
	Integer int64
	Real    float64 // never NaN
	Bytes   []byte  // of Text, which is UTF-8, and of Blob
}
