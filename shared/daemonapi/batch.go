package daemonapi

import "time"

// Batch is what a JSON body asks to run.
type Batch struct {
	// Statements are run in order. Only when Script is set may the text of
	// one, then the only one, hold several statements of SQL.
	Statements []Statement
	// Script says that the body was one text without parameters.
	Script bool
	// Atomic says that all statements share one transaction; else each is its
	// own, and one that fails does not keep the next from running.
	Atomic bool
	// MaxRows is how many rows of a result are returned; 0 is all.
	MaxRows int64
	// Timeout is the caller's own limit of engine time; 0 is none.
	Timeout time.Duration
}

// Statement is SQL with the values of its parameters.
type Statement struct {
	SQL    string
	Params Params
}

// Params are the values of a statement's parameters: positional, named, or
// none. Engines refuse a statement that has other parameters than those
// given.
type Params struct {
	// Positional are the values of parameters 1 to n.
	Positional []Value
	// Named are values by name, in the order given. A name may come with its
	// sign (":a", "@a", "$a") or without, which is any of them; "1" and "?1"
	// are the parameter of that number. No name comes twice.
	Named []Named
}

// Empty tells whether there are no values.
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

// Value is the value of a parameter, exactly as it was given.
type Value struct {
	Kind    ValueKind
	Integer int64
	Real    float64 // never NaN
	Bytes   []byte  // of Text, which is UTF-8, and of Blob
}
