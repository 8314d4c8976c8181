package encode

import "time"

// Kind is the type of a value.
type Kind uint8

// The kinds. Engines pack values with these numbers: see engine.h in
// engine/sqlite.
const (
	Null Kind = iota
	Integer
	Real
	Text
	Blob
)

// Value is one cell. Data is valid only until the next value is read.
type Value struct {
	Kind Kind
	Bits uint64 // of an INTEGER or a REAL
	Data []byte // of a TEXT or a BLOB
}

// Column describes a column of a result.
type Column struct {
	Name     string
	Declared string // its declared type
	Typed    bool   // it has a declared type; an expression has none
}

// Outcome is what follows the rows of a result.
type Outcome struct {
	Affected  int64 // rows that the statement itself has changed
	Rowid     int64 // the last insert rowid
	Inserted  bool  // there is one
	Truncated bool  // there were more rows than the request asks for
}

// Cost is what a job has cost.
type Cost struct {
	Engine  time.Duration // without the time of the sink
	Written int64         // rows, also by triggers
}
