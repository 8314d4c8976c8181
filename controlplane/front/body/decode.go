package body

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

	"github.com/klauspost/compress/zstd"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const (
	// maxEncodings limits the layers of compression of a body.
	maxEncodings = 2
	// maxZstdWindow limits the memory that a zstd body can demand.
	maxZstdWindow = 8 << 20
	// inflateBytes is the memory of a gzip or deflate decompressor, zstdBytes
	// that of a zstd decompressor besides its window.
	inflateBytes = 64 << 10
	zstdBytes    = 1 << 20
)

// decode undoes the Content-Encoding, the last one named first. The memory of
// the decompressors counts in held.
func decode(w http.ResponseWriter, r *http.Request, body io.Reader, held *share) (*decoders, error) {
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
			return nil, httpapi.WithStatus(http.StatusUnsupportedMediaType,
				errs.E(errs.Unsupported, "Content-Encoding %s is not supported; use gzip, deflate or zstd", httpapi.Printable(name)))
		}
		if _, ok := errors.AsType[*errs.Error](err); ok {
			stack.close()
			return nil, err
		}
		if err != nil {
			stack.close()
			return nil, formatError(err, name)
		}
	}
	return &stack, nil
}

// formatError returns the public error of a body whose first bytes do not fit
// its encoding.
func formatError(err error, name string) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return readError(err)
	}
	return errs.Wrap(errs.Invalid, err, "The request body is not valid %s", httpapi.Printable(name))
}

// decoders is a stack of decompressors.
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
		if err := d.held.reserve(inflateBytes); err != nil {
			return err
		}
		z, err := gzip.NewReader(d.Reader)
		d.Reader = z
		return err
	case "deflate":
		if err := d.held.reserve(inflateBytes); err != nil {
			return err
		}
		return d.pushDeflate()
	case "zstd":
		return d.pushZstd()
	default:
		return fmt.Errorf("%s: %w", name, errors.ErrUnsupported)
	}
}

// pushZstd reserves the memory that the first frame declares. A later frame that
// needs more is refused.
func (d *decoders) pushZstd() error {
	buffered := bufio.NewReader(d.Reader)
	window := uint64(zstdBytes)
	start, err := buffered.Peek(zstd.HeaderMaxSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var head zstd.Header
	if err := head.Decode(start); err == nil && !head.Skippable {
		window = max(window, head.WindowSize)
		if head.SingleSegment {
			window = max(window, head.FrameContentSize)
		}
	}
	window = min(window, maxZstdWindow)
	if err := d.held.reserve(int64(window) + zstdBytes); err != nil {
		return err
	}
	z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return err
	}
	d.Reader, d.closers = z, append(d.closers, z.Close)
	return nil
}

// pushDeflate accepts the zlib form of the standard and the raw form that many
// clients send. A zlib header distinguishes them.
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

// close frees the memory of the decompressors.
func (d *decoders) close() {
	for _, c := range d.closers {
		c()
	}
}
