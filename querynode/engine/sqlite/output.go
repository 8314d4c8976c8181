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
	flushBytes = 32 << 10 // a buffer is passed on when it holds this much
	chunkBytes = 64 << 10 // and never holds more than this
	pieceBytes = 4 << 10  // long values are encoded in pieces of this size
)

// kind is the storage class of a value; the numbers are those of engine.h.
type kind uint8

const (
	kindNull kind = iota
	kindInt
	kindReal
	kindText
	kindBlob
)

// value is one cell. data is valid only until the next one is read.
type value struct {
	kind kind
	bits uint64 // of an INTEGER or a REAL
	data []byte // of a TEXT or a BLOB
}

// column is what a result says of a column.
type column struct {
	name     string
	declared string // its declared type
	typed    bool   // it has one; an expression has none
}

// ending is what is told after the rows of a result.
type ending struct {
	affected  int64 // rows the statement changed by itself
	rowid     int64 // the last insert rowid
	inserted  bool  // there is one
	truncated bool  // there were more rows than asked for
}

// cost is what a job has cost.
type cost struct {
	engine  time.Duration
	written int64 // rows, also by triggers
}

// encoder turns results into bytes. It is used by one goroutine.
type encoder interface {
	// every tells whether the answer has each result, also of statements
	// without columns; else it has the last that has columns.
	every() bool
	// begin starts a result, the index-th of the answer.
	begin(o *output, index int, columns []column) error
	// cell adds a value. Column 0 begins a row.
	cell(o *output, column int, v value) error
	// end completes the result.
	end(o *output, e ending)
	// close completes an answer of that many results.
	close(o *output, results int, c cost)
}

// reporter is an encoder whose answers can hold errors of statements.
type reporter interface {
	encoder
	// failed puts an error in place of the index-th result or, if some of that
	// is sent already, after it. It returns false if that cannot be done here.
	failed(o *output, index int, sent bool, err *errs.Error) bool
}

func newEncoder(f daemonapi.Format) (encoder, error) {
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

// output gathers encoded bytes and passes them on when there are enough.
type output struct {
	buf []byte
	to  func(p []byte) error
}

// room passes the buffer on if it is due, so that a piece fits.
func (o *output) room() error {
	if len(o.buf) < flushBytes {
		return nil
	}
	return o.flush()
}

func (o *output) flush() error {
	err := o.to(o.buf)
	o.buf = o.buf[:0]
	return err
}

func (o *output) add(s string) { o.buf = append(o.buf, s...) }
