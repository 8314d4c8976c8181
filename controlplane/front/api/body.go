package api

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// bodyTimeout limits how long a client may take to send a body.
	bodyTimeout = 5 * time.Minute
	// maxEncodings limits the layers of compression a body may have.
	maxEncodings = 2
	// maxZstdWindow limits the memory a zstd body can ask for.
	maxZstdWindow = 8 << 20
	// smallBody is a body that costs no more than its connection does. It is
	// read without asking for room, or for rights, first.
	smallBody = 16 << 10
	// inflateBytes is what a decompressor takes, and zstdBytes what one for zstd
	// takes besides its window.
	inflateBytes = 64 << 10
	zstdBytes    = 1 << 20
)

// limitBody gives the client of a request with a body a time to send it, also
// when nobody wants it: net/http reads what is left over before it takes the
// next request. It is short for those who have shown no credentials.
func limitBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	most := bodyWindow
	if len(r.Header["Authorization"]) == 0 {
		most = openBodyTime
	}
	// Recorders of tests have no deadlines; real connections do.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(most))
}

// refuseBody gives a body no more time than that of one who has shown no
// credentials.
func refuseBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	if !small(r) {
		w.Header().Set("Connection", "close") // rather than read what nobody wants
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(openBodyTime))
}

// small tells whether a body is known to be so small that it may be read before
// anything else is asked.
func small(r *http.Request) bool {
	return r.ContentLength >= 0 && r.ContentLength <= smallBody && len(r.Header["Content-Encoding"]) == 0
}

// nothingHeld is the release of a body that is counted nowhere.
func nothingHeld() {}

// readBody reads the whole body, decompressed, once. The limit holds for what
// comes over the wire and for what it unpacks to; what is more than a small one
// is counted in the share of its account until it is released. Reading to the
// end also lets net/http notice a client that goes away later, for which there
// is no limit of time.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, who meta.EntityID, limit int64) (body []byte, release func(), err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nothingHeld, nil
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // rather than read what nobody wants
		return nil, nothingHeld, errTooLarge(limit)
	}
	release = nothingHeld
	if small(r) {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body) // net/http wants to see the end
		}
		err = brokenBody(err)
	} else {
		held := &share{budget: s.bodies, who: who}
		release = held.release
		body, err = s.readLarge(w, r, held, limit)
	}
	if err != nil {
		release()
		return nil, nothingHeld, err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, release, nil
}

// readLarge reads a body whose size is not known to be small.
func (s *Server) readLarge(w http.ResponseWriter, r *http.Request, held *share, limit int64) ([]byte, error) {
	raw := http.MaxBytesReader(w, io.NopCloser(s.pace(w, r.Body, time.Now().Add(bodyTimeout))), limit)
	var from io.Reader = raw
	if r.Header.Get("Content-Encoding") != "" {
		decoded, err := decodeBody(w, r, raw, held)
		if err != nil {
			return nil, err
		}
		defer decoded.close()
		from = decoded
	}
	come := pieces{share: held}
	for {
		room, err := come.room()
		if err != nil {
			w.Header().Set("Connection", "close") // rather than read what there is no room for
			return nil, err
		}
		n, err := from.Read(room)
		come.add(n)
		if come.n > limit {
			return nil, errTooLarge(limit)
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, brokenBody(err)
		}
	}
	if _, err := io.Copy(io.Discard, raw); err != nil { // what a decompressor has not asked for
		return nil, brokenBody(err)
	}
	return come.join()
}

// brokenBody is the error of a body that could not be read.
func brokenBody(err error) error {
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
		return &toldError{errs.Wrap(errs.Timeout, err, "The request body did not come in time")}
	}
	return errs.Wrap(errs.Invalid, err, "The request body is broken or incomplete")
}

func errTooLarge(limit int64) error {
	return errs.E(errs.TooLarge, "The request body is larger than the %d bytes that are allowed", limit)
}

// decodeBody undoes the Content-Encoding, the last one named first. What that
// takes is counted in held.
func decodeBody(w http.ResponseWriter, r *http.Request, body io.Reader, held *share) (*decoders, error) {
	names := strings.Split(strings.Join(r.Header.Values("Content-Encoding"), ","), ",")
	if len(names) > maxEncodings {
		return nil, errs.E(errs.Invalid, "The request body is compressed more than %d times", maxEncodings)
	}
	stack := decoders{Reader: body, held: held}
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.ToLower(strings.TrimSpace(names[i]))
		err := stack.push(name)
		if errors.Is(err, errors.ErrUnsupported) {
			stack.close()
			w.Header().Set("Accept-Encoding", "gzip, deflate, zstd")
			return nil, withStatus(http.StatusUnsupportedMediaType,
				errs.E(errs.Unsupported, "Content-Encoding %s is not supported; use gzip, deflate or zstd", printable(name)))
		}
		if _, ok := errors.AsType[*errs.Error](err); ok {
			stack.close()
			return nil, err
		}
		if err != nil {
			stack.close()
			return nil, notValid(err, name)
		}
	}
	return &stack, nil
}

// notValid is the error of a body that does not begin as it should.
func notValid(err error, name string) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return brokenBody(err)
	}
	return errs.Wrap(errs.Invalid, err, "The request body is not valid %s", printable(name))
}

// decoders are decompressors on top of each other.
type decoders struct {
	io.Reader
	held    *share
	closers []func()
}

func (d *decoders) push(name string) error {
	switch name {
	case "identity", "":
		return nil
	case "gzip", "x-gzip":
		if err := d.held.take(inflateBytes); err != nil {
			return err
		}
		z, err := gzip.NewReader(d.Reader)
		d.Reader = z
		return err
	case "deflate":
		if err := d.held.take(inflateBytes); err != nil {
			return err
		}
		return d.pushDeflate()
	case "zstd":
		return d.pushZstd()
	default:
		return fmt.Errorf("%s: %w", name, errors.ErrUnsupported)
	}
}

// pushZstd takes as much memory as the first frame says that it needs. A later
// one that needs more is refused.
func (d *decoders) pushZstd() error {
	buffered := bufio.NewReader(d.Reader)
	window := uint64(zstdBytes)
	begin, err := buffered.Peek(zstd.HeaderMaxSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var head zstd.Header
	if err := head.Decode(begin); err == nil && !head.Skippable {
		window = max(window, head.WindowSize)
		if head.SingleSegment {
			window = max(window, head.FrameContentSize)
		}
	}
	window = min(window, maxZstdWindow)
	if err := d.held.take(int64(window) + zstdBytes); err != nil {
		return err
	}
	z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return err
	}
	d.Reader, d.closers = z, append(d.closers, z.Close)
	return nil
}

// pushDeflate takes the zlib form the standard asks for and the bare form
// that many clients send. The two bytes of a zlib header tell them apart.
func (d *decoders) pushDeflate() error {
	buffered := bufio.NewReader(d.Reader)
	head, err := buffered.Peek(2)
	if err != nil {
		return err
	}
	if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		z, err := zlib.NewReader(buffered)
		d.Reader = z
		return err
	}
	d.Reader = flate.NewReader(buffered)
	return nil
}

// close frees what the decompressors hold.
func (d *decoders) close() {
	for _, c := range d.closers {
		c()
	}
}
