package body

import (
	"errors"
	"io"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// Upload is a request body of any size that is read as it arrives: decompressed,
// at a minimum rate, and within the import timeout. Read is for one goroutine.
type Upload struct {
	check   func() error
	limited *limited // nil without a body
	raw     io.Reader
	body    io.Reader
	held    *share
	stack   *decoders
	err     error
}

// Upload returns the body of a request; the caller closes it. check is called at
// the end of the data. If it fails, Read returns its error in place of io.EOF, so
// data of a caller whose credentials have ended meanwhile is never used.
func (b *Bodies) Upload(w http.ResponseWriter, r *http.Request, account meta.EntityID, check func() error) *Upload {
	u := &Upload{check: check, held: &share{budget: b.budget, account: account}}
	u.raw = http.NoBody
	if r.Body != nil && r.Body != http.NoBody {
		u.limited = b.limitRate(w, r.Body, b.cfg.ImportTimeout)
		u.raw = u.limited
	}
	u.body = u.raw
	if r.Header.Get("Content-Encoding") == "" {
		return u
	}
	// decode reads the first bytes, so it waits for the first Read: permissions
	// are checked before that.
	u.body = &lazyReader{open: func() (io.Reader, error) {
		stack, err := decode(w, r, u.raw, u.held)
		if err != nil {
			return nil, err
		}
		u.stack = stack
		return stack, nil
	}}
	return u
}

// Read implements io.Reader.
func (u *Upload) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.body.Read(p)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		u.err = u.finish()
	default:
		u.err = readError(err)
	}
	return n, u.err
}

// Interrupt ends the current Read and every later one with an error. It is safe
// for concurrent use.
func (u *Upload) Interrupt(err error) {
	if u.limited != nil {
		u.limited.Interrupt(err)
	}
}

// Complete reports whether the body was read to its end.
func (u *Upload) Complete() bool { return u.limited == nil || u.limited.complete() }

// Mark returns the error of a request with this body. After Interrupt, Stopped
// reports true for it.
func (u *Upload) Mark(err error) error {
	if u.limited == nil {
		return err
	}
	return u.limited.mark(err)
}

// finish checks that no data follows, and then the credentials.
func (u *Upload) finish() error {
	rest := make([]byte, 1)
	if n, err := io.ReadFull(u.raw, rest); n > 0 || !errors.Is(err, io.EOF) {
		return errs.Wrap(errs.Invalid, err, "The request body is incomplete, or has more bytes after the compressed data")
	}
	if err := u.check(); err != nil {
		return err
	}
	return io.EOF
}

// Close frees the memory of the decompressors.
func (u *Upload) Close() {
	if u.stack != nil {
		u.stack.close()
	}
	u.held.release()
}

// lazyReader opens its reader at the first Read.
type lazyReader struct {
	open func() (io.Reader, error)
	io.Reader
}

// Read implements io.Reader.
func (l *lazyReader) Read(p []byte) (int, error) {
	if l.Reader == nil {
		r, err := l.open()
		if err != nil {
			return 0, err
		}
		l.Reader = r
	}
	return l.Reader.Read(p)
}
