package httpd

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// bodyTimeout limits how long a client may take to send a body.
	bodyTimeout = 5 * time.Minute
	// maxEncodings limits the layers of compression a body may have.
	maxEncodings = 2
	// maxZstdWindow limits the memory a zstd body can ask for.
	maxZstdWindow = 8 << 20
	// firstBuffer is what a body gets before its bytes have arrived: a client
	// must not reserve memory by announcing a length.
	firstBuffer = 64 << 10
)

// limitBody gives the client of a request with a body a time to send it, also
// when nobody wants it: net/http reads what is left over before it takes the
// next request.
func limitBody(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		// Recorders of tests have no deadlines; real connections do.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

// readBody reads the whole body, decompressed, once. The limit holds for what
// comes over the wire and for what it unpacks to. Reading to the end also
// lets net/http notice a client that goes away later, for which there is no
// limit of time.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // rather than read what nobody wants
		return nil, errTooLarge(limit)
	}
	raw := http.MaxBytesReader(w, r.Body, limit)
	var body io.Reader = raw
	if r.Header.Get("Content-Encoding") != "" {
		decoded, err := decodeBody(w, r, body)
		if err != nil {
			return nil, err
		}
		defer decoded.close()
		body = decoded
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(min(r.ContentLength, firstBuffer)) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(body, limit+1))
	if err == nil && n <= limit {
		_, err = io.Copy(io.Discard, raw) // what a decompressor has not asked for
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || n > limit {
		return nil, errTooLarge(limit)
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The request body is broken or incomplete")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return buf.Bytes(), nil
}

func errTooLarge(limit int64) error {
	return errs.E(errs.TooLarge, "The request body is larger than the %d bytes that are allowed", limit)
}

// decodeBody undoes the Content-Encoding, the last one named first.
func decodeBody(w http.ResponseWriter, r *http.Request, body io.Reader) (*decoders, error) {
	names := strings.Split(strings.Join(r.Header.Values("Content-Encoding"), ","), ",")
	if len(names) > maxEncodings {
		return nil, errs.E(errs.Invalid, "The request body is compressed more than %d times", maxEncodings)
	}
	stack := decoders{Reader: body}
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.ToLower(strings.TrimSpace(names[i]))
		err := stack.push(name)
		if errors.Is(err, errors.ErrUnsupported) {
			stack.close()
			w.Header().Set("Accept-Encoding", "gzip, deflate, zstd")
			return nil, withStatus(http.StatusUnsupportedMediaType,
				errs.E(errs.Unsupported, "Content-Encoding %s is not supported; use gzip, deflate or zstd", printable(name)))
		}
		if err != nil {
			stack.close()
			return nil, errs.Wrap(errs.Invalid, err, "The request body is not valid %s", printable(name))
		}
	}
	return &stack, nil
}

// decoders are decompressors on top of each other.
type decoders struct {
	io.Reader
	closers []func()
}

func (d *decoders) push(name string) error {
	switch name {
	case "identity", "":
		return nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(d.Reader)
		d.Reader = z
		return err
	case "deflate":
		return d.pushDeflate()
	case "zstd":
		z, err := zstd.NewReader(d.Reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return err
		}
		d.Reader, d.closers = z, append(d.closers, z.Close)
		return nil
	default:
		return fmt.Errorf("%s: %w", name, errors.ErrUnsupported)
	}
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
