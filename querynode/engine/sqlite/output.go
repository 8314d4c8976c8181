package sqlite

import (
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Sink takes the encoded answer of a job.
type Sink interface {
	// Write takes the next bytes of the answer, at most 64 KiB. last is true
	// exactly once, in the final call of a job that succeeded; p may be empty
	// then. p is valid only during the call. Write may block: that time is
	// not counted as the job's, and a writing job holds no lock meanwhile. An
	// error ends the job with that error.
	Write(p []byte, last bool) error
}

const (
	FlushBytes = 32 << 10 // a buffer is passed on when it holds this much
	ChunkBytes = 64 << 10 // and never holds more than this
	pieceBytes = 4 << 10  // long values are encoded in pieces of this size
)

// Kind is the storage class of a value; the numbers are those of engine.h.
type Kind uint8

const (
	Null Kind = iota
	Integer
	Real
	Text
	Blob
)

// Value is one cell. data is valid only until the next one is read.
type Value struct {
	Kind Kind
	Bits uint64 // of an INTEGER or a REAL
	Data []byte // of a TEXT or a BLOB
}

// Column is what a result says of a column.
type Column struct {
	Name     string
	Declared string // its declared type
	Typed    bool   // it has one; an expression has none
}

// Outcome is what is told after the rows of a result.
type Outcome struct {
	Affected  int64 // rows the statement changed by itself
	Rowid     int64 // the last insert rowid
	Inserted  bool  // there is one
	Truncated bool  // there were more rows than asked for
}

// Cost is what a job has cost.
type Cost struct {
	Engine  time.Duration
	Written int64 // rows, also by triggers
}

// Encoder turns results into bytes. It is used by one goroutine.
type Encoder interface {
	// EveryResult tells whether the answer has each result, also of statements
	// without columns; else it has the last that has columns.
	EveryResult() bool
	// Begin starts a result, the index-th of the answer.
	Begin(o *Output, index int, columns []Column) error
	// Cell adds a value. Column 0 begins a row.
	Cell(o *Output, column int, v Value) error
	// End completes the result.
	End(o *Output, e Outcome)
	// Close completes an answer of that many results.
	Close(o *Output, results int, c Cost)
}

// ErrorReporter is an encoder whose answers can hold errors of statements.
type ErrorReporter interface {
	Encoder
	// ReportError puts an error in place of the index-th result or, if some of that
	// is sent already, after it. It returns false if that cannot be done here.
	ReportError(o *Output, index int, sent bool, err *errs.Error) bool
}

func New(f daemonapi.Format) (Encoder, error) {
	switch f {
	case daemonapi.FormatCompat:
		return &compat{}, nil
	case daemonapi.FormatJSON:
		return &document{}, nil
	case daemonapi.FormatNDJSON:
		return &lines{}, nil
	case daemonapi.FormatCSV:
		return &csv{}, nil
	}
	return nil, errs.E(errs.Unsupported, "This format of results is not known.")
}

// Output gathers encoded bytes and passes them on when there are enough.
type Output struct {
	Buf  []byte
	Next func(p []byte) error
}

// FlushIfFull passes the buffer on if it is due, so that a piece fits.
func (o *Output) FlushIfFull() error {
	if len(o.Buf) < FlushBytes {
		return nil
	}
	return o.Flush()
}

func (o *Output) Flush() error {
	err := o.Next(o.Buf)
	o.Buf = o.Buf[:0]
	return err
}

func (o *Output) Add(s string) { o.Buf = append(o.Buf, s...) }
