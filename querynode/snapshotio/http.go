package snapshotio

import (
	"context"
	"crypto/md5" //nolint:gosec // the protocol's checksum of a transfer, no secret depends on it
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// Part is a piece of a file and the address to which it is sent.
type Part struct {
	URL  string
	Size int64
}

// Transfer sends and fetches packed files over HTTP. It is safe for concurrent
// use.
type Transfer struct {
	client *http.Client
	stall  time.Duration
}

// NewTransfer makes a Transfer that stops a transfer after stall without
// progress.
func NewTransfer(stall time.Duration) *Transfer {
	return &Transfer{stall: stall, client: &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
			IdleConnTimeout:     time.Minute,
			MaxIdleConnsPerHost: 4,
			DisableCompression:  true, // the object must arrive unchanged
		},
		// A signature is for one address only.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes idle connections.
func (t *Transfer) Close() { t.client.CloseIdleConnections() }

// Send sends the parts of a packed file, which together are the complete file,
// and returns the tag of the store for each part. Errors: NotFound for an
// unknown handle, Invalid, ObjectStore, Canceled.
func (t *Transfer) Send(ctx context.Context, s *Store, handle string, parts []Part) (tags []string, err error) {
	f, size, err := s.open(handle)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var sum int64
	for _, p := range parts {
		if p.Size < 0 || p.Size > size-sum {
			return nil, errs.E(errs.Invalid, "The parts of an upload are larger than the file of %d bytes", size)
		}
		sum += p.Size
	}
	if sum != size || len(parts) == 0 {
		return nil, errs.E(errs.Invalid, "The parts of an upload have %d bytes, and the file has %d", sum, size)
	}
	var at int64
	for _, p := range parts {
		tag, err := t.put(ctx, p, f, at)
		if err != nil {
			return nil, err
		}
		tags = append(tags, tag)
		at += p.Size
	}
	return tags, nil
}

// put sends one part. The store compares the checksum and refuses a part that
// was changed in transit.
func (t *Transfer) put(ctx context.Context, p Part, file io.ReaderAt, at int64) (tag string, err error) {
	sum := md5.New() //nolint:gosec // as above
	if _, err := io.Copy(sum, reader{ctx, io.NewSectionReader(file, at, p.Size)}); err != nil {
		return "", canceledOr(ctx, fmt.Errorf("read a packed copy: %w", err))
	}
	ctx, watch := t.watch(ctx)
	defer watch.stop()
	body := func() (io.ReadCloser, error) {
		return io.NopCloser(watch.reader(io.NewSectionReader(file, at, p.Size))), nil
	}
	req, err := request(ctx, http.MethodPut, p.URL)
	if err != nil {
		return "", err
	}
	if p.Size > 0 { // without a body the length is 0
		req.ContentLength, req.GetBody = p.Size, body
		req.Body, _ = body() // it cannot fail
	}
	req.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	resp, err := t.client.Do(req)
	if err != nil {
		return "", transferError(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", refusedError(resp)
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply)); err != nil {
		return "", transferError(ctx, err)
	}
	return resp.Header.Get("ETag"), nil
}

// Fetch gets a packed file, writes at most maxBytes of its content to dst, and
// returns the length of the content. Errors: NoSnapshot when the object is
// missing, Snapshot when the content does not match id, TooLarge when matching
// content is longer than maxBytes, ObjectStore, Full, Canceled.
func (t *Transfer) Fetch(ctx context.Context, address, id string, maxBytes int64, dst io.Writer) (bytes int64, err error) {
	ctx, watch := t.watch(ctx)
	defer watch.stop()
	req, err := request(ctx, http.MethodGet, address)
	if err != nil {
		return 0, err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return 0, transferError(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, refusedError(resp)
	}
	src := &source{r: watch.reader(resp.Body)}
	got, err := unpack(dst, src, maxBytes)
	switch {
	case src.err != nil:
		return 0, transferError(ctx, src.err)
	case errors.Is(err, errTooLong):
		return 0, errs.E(errs.Snapshot, "The stored snapshot is damaged: it is larger than the largest possible database")
	case errors.Is(err, errPacking):
		return 0, errs.Wrap(errs.Snapshot, err, "The stored snapshot is damaged")
	case err != nil:
		return 0, err
	case got.id != id:
		return 0, errs.E(errs.Snapshot, "The stored snapshot is damaged: the hash of its content is not its id")
	case got.bytes > maxBytes:
		return 0, errs.E(errs.TooLarge, "The snapshot has %d bytes, and the database may have %d (limits.database_bytes; the operator of the server can raise it)", got.bytes, maxBytes)
	}
	return got.bytes, nil
}

// source reads a response body. It keeps errors of the transfer apart from
// errors of the content. It also stops a body that grows without producing
// content: compressed data is never much longer than its content.
type source struct {
	r    io.Reader
	read int64
	made int64 // bytes of content so far
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.read > s.made+s.made/64+chunk {
		return 0, errPacking
	}
	n, err := s.r.Read(p)
	if s.read += int64(n); err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func request(ctx context.Context, method, address string) (*http.Request, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errs.E(errs.Invalid, "The address of an object is not valid")
	}
	req, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return nil, errs.E(errs.Invalid, "The address of an object is not valid")
	}
	return req, nil
}

// maxReply bounds how much is read of an error response.
const maxReply = 64 << 10

var storeCode = regexp.MustCompile(`<Code>([A-Za-z]{1,64})</Code>`)

// refusedError is the error for a response without success. It names the code
// of the store, which says more than the status.
func refusedError(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxReply)) // a partial text is enough
	code := ""
	if m := storeCode.FindSubmatch(text); m != nil {
		code = " " + string(m[1])
	}
	if resp.StatusCode == http.StatusNotFound && (code == "" || code == " NoSuchKey") && resp.Request.Method == http.MethodGet {
		return errs.E(errs.NoSnapshot, "The snapshot is not in the object store")
	}
	return errs.E(errs.ObjectStore, "The object store refused a transfer (%d%s)", resp.StatusCode, code)
}

// transferError is the error for a transfer that broke. It must not contain the
// signed address, which every reader of the error could use.
func transferError(ctx context.Context, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if context.Cause(ctx) == errStalled {
		return errs.Wrap(errs.ObjectStore, err, "The object store made no progress with a transfer for too long")
	}
	return canceledOr(ctx, errs.Wrap(errs.ObjectStore, err, "The transfer to or from the object store broke"))
}

// canceledOr returns err, or Canceled when ctx has ended.
func canceledOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errs.Wrap(errs.Canceled, context.Cause(ctx), "The transfer was canceled")
	}
	return err
}

var errStalled = errors.New("no progress")

// watchdog ends a transfer that makes no progress.
type watchdog struct {
	stop  func()
	timer *time.Timer
	stall time.Duration
	ended atomic.Bool
}

func (t *Transfer) watch(ctx context.Context) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{stall: t.stall, timer: time.AfterFunc(t.stall, func() { cancel(errStalled) })}
	w.stop = func() {
		w.ended.Store(true)
		w.timer.Stop()
		cancel(nil)
	}
	return ctx, w
}

// reader treats every read of r as progress.
func (w *watchdog) reader(r io.Reader) io.Reader { return watched{w, r} }

type watched struct {
	w *watchdog
	r io.Reader
}

func (r watched) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if n > 0 && !r.w.ended.Load() {
		r.w.timer.Reset(r.w.stall)
	}
	return n, err
}
