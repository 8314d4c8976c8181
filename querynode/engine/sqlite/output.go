package sqlite

import (
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/query"
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

// encoder turns one result into bytes. It is used by one goroutine.
type encoder interface {
	// begin starts a result; no columns is the answer of statements without
	// one.
	begin(o *output, columns []string) error
	// cell adds a value. Column 0 begins a row.
	cell(o *output, column int, v value) error
	// end completes the result.
	end(o *output)
}

func newEncoder(f query.Format) (encoder, error) {
	if f == query.FormatCompat {
		return &compat{}, nil
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
