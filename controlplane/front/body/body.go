package body

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// ReadTimeout is the longest time that a client may take to send a body.
	ReadTimeout = 5 * time.Minute
	// smallBody is a body that costs no more than its connection does. It is
	// read at once: without a budget, and before permissions are checked.
	smallBody = 16 << 10
	// DefaultRequestBytes is the limit of a request body when none is configured.
	DefaultRequestBytes = 16 << 20
	// minDefaultBytes is the smallest budget that Config.TotalBytes defaults to.
	minDefaultBytes = 128 << 20
)

// Config holds the limits of request bodies.
type Config struct {
	// RequestBytes limits one body that is read into memory, after
	// decompression. Zero means DefaultRequestBytes.
	RequestBytes int64
	// TotalBytes limits the memory of the bodies of all requests at a time. Zero
	// means 128 MiB, or eight times RequestBytes if that is more.
	TotalBytes int64
	// BytesPerAccount limits the memory of the bodies of one account. Zero means
	// half of TotalBytes.
	BytesPerAccount int64
	// UploadRate is the minimum rate of a body, in bytes a second. Zero means
	// that some data must come within each window of 60 seconds.
	UploadRate int64
	// ImportTimeout is the longest time that the data of an Upload may take.
	// Zero is no limit.
	ImportTimeout time.Duration
}

// Bodies reads bodies within one budget. It is safe for concurrent use.
type Bodies struct {
	cfg    Config
	budget *budget
}

// New returns Bodies with an unused budget. The error is Invalid for a negative
// limit.
func New(cfg Config) (*Bodies, error) {
	if cfg.RequestBytes < 0 || cfg.TotalBytes < 0 || cfg.BytesPerAccount < 0 || cfg.UploadRate < 0 || cfg.ImportTimeout < 0 {
		return nil, errs.E(errs.Invalid, "The limits of request bodies can't be negative")
	}
	cfg.RequestBytes = cmp.Or(cfg.RequestBytes, DefaultRequestBytes)
	cfg.TotalBytes = cmp.Or(cfg.TotalBytes, max(minDefaultBytes, 8*cfg.RequestBytes))
	cfg.BytesPerAccount = cmp.Or(cfg.BytesPerAccount, cfg.TotalBytes/2)
	return &Bodies{cfg: cfg, budget: newBudget(cfg.TotalBytes, cfg.BytesPerAccount)}, nil
}

// RequestBytes is the limit of a body that is read into memory.
func (b *Bodies) RequestBytes() int64 { return b.cfg.RequestBytes }

// SetDeadline limits the time until the next bytes of a body must arrive. It
// also holds for a body that no handler reads: net/http reads the rest of it
// before the next request. The time is short for a request without credentials.
func SetDeadline(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	window := rateWindow
	if len(r.Header["Authorization"]) == 0 {
		window = anonymousWindow
	}
	// Recorders of tests have no deadlines; real connections do.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(window))
}

// Refuse limits the body of a refused request to the time of a request without
// credentials, and closes the connection unless the body is small.
func Refuse(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	if !Small(r) {
		w.Header().Set("Connection", "close") // instead of reading the rest of the body
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(anonymousWindow))
}

// Small reports whether a body is known to be so small that it may be read
// before permissions are checked.
func Small(r *http.Request) bool {
	return r.ContentLength >= 0 && r.ContentLength <= smallBody && len(r.Header["Content-Encoding"]) == 0
}

// noRelease is the release of a body that is not counted.
func noRelease() {}

// Read reads a body into memory, decompressed, to its end. The limit, in bytes,
// holds both for the compressed and for the decompressed size. A body that is not
// small counts in the budget of its account until release is called; account 0
// stands for all anonymous requests. Once the body is read, the connection has no
// read deadline, so net/http notices a client that goes away later.
//
// Errors: TooLarge, Timeout, Invalid for a broken body, Unsupported for an
// unknown Content-Encoding, RateLimited and Unavailable of the budget.
func (b *Bodies) Read(w http.ResponseWriter, r *http.Request, account meta.EntityID, limit int64) (body []byte, release func(), err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, noRelease, nil
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // instead of reading the rest of the body
		return nil, noRelease, errTooLarge(limit)
	}
	release = noRelease
	if Small(r) {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body) // net/http expects the end to be read
		}
		err = readError(err)
	} else {
		held := &share{budget: b.budget, account: account}
		release = held.release
		body, err = b.readLarge(w, r, held, limit)
	}
	if err != nil {
		release()
		return nil, noRelease, err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, release, nil
}

// readLarge reads a body that is not known to be small.
func (b *Bodies) readLarge(w http.ResponseWriter, r *http.Request, held *share, limit int64) ([]byte, error) {
	raw := http.MaxBytesReader(w, io.NopCloser(b.limitRate(w, r.Body, ReadTimeout)), limit)
	var from io.Reader = raw
	if r.Header.Get("Content-Encoding") != "" {
		decoded, err := decode(w, r, raw, held)
		if err != nil {
			return nil, err
		}
		defer decoded.close()
		from = decoded
	}
	chunks := chunks{share: held}
	for {
		buf, err := chunks.next()
		if err != nil {
			w.Header().Set("Connection", "close") // instead of reading the rest of the body
			return nil, err
		}
		n, err := from.Read(buf)
		chunks.add(n)
		if chunks.n > limit {
			return nil, errTooLarge(limit)
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, readError(err)
		}
	}
	if _, err := io.Copy(io.Discard, raw); err != nil { // the bytes after the compressed data
		return nil, readError(err)
	}
	return chunks.join()
}

// readError returns the public error of a failed read.
func readError(err error) error {
	if err == nil {
		return nil
	}
	if over, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge(over.Limit)
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &stoppedError{errs.Wrap(errs.Timeout, err, "The request body did not arrive in time")}
	}
	return errs.Wrap(errs.Invalid, err, "The request body is broken or incomplete")
}

func errTooLarge(limit int64) error {
	return errs.E(errs.TooLarge, "The request body is larger than the %d bytes that are allowed", limit)
}

// stoppedError is the error of a request whose body the server stopped reading.
// net/http then cancels the request as if its client had gone.
type stoppedError struct{ error }

func (e *stoppedError) Unwrap() error { return e.error }

// Stopped reports whether err is the error of a request whose body the server
// stopped reading. Its client still waits for an answer, although the request's
// context has ended.
func Stopped(err error) bool {
	_, ok := errors.AsType[*stoppedError](err)
	return ok
}
