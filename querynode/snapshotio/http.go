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

// Part is a piece of a file and the address it is put to.
type Part struct {
	URL  string
	Size int64
}

// Transfer moves packed files over HTTP. It is safe for concurrent use.
type Transfer struct {
	client *http.Client
	stall  time.Duration
}

// NewTransfer makes one that gives up what has made no progress for stall.
func NewTransfer(stall time.Duration) *Transfer {
	return &Transfer{stall: stall, client: &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
			IdleConnTimeout:     time.Minute,
			MaxIdleConnsPerHost: 4,
			DisableCompression:  true, // the bytes as they are
		},
		// Who signed an address meant that address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends connections that idle.
func (t *Transfer) Close() { t.client.CloseIdleConnections() }

// Send puts a packed file to addresses, which together take all of it, and
// gives the tag that the store has given each part. Errors: NotFound for an
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
			return nil, errs.E(errs.Invalid, "The parts of an upload are larger than the file")
		}
		sum += p.Size
	}
	if sum != size || len(parts) == 0 {
		return nil, errs.E(errs.Invalid, "The parts of an upload are not the whole file")
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

// put sends one part. The store compares the checksum, so that what was changed
// on the way is refused.
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
	if p.Size > 0 { // else there is a length of 0
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

// Fetch gets a packed file, writes its content, at most so many bytes, to dst,
// and gives its length. Errors: NoSnapshot when there is nothing, Snapshot for
// other content than id says, TooLarge for more bytes of the right content,
// ObjectStore, Full, Canceled.
func (t *Transfer) Fetch(ctx context.Context, address, id string, most int64, dst io.Writer) (bytes int64, err error) {
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
	got, err := unpack(dst, src, most)
	switch {
	case src.err != nil:
		return 0, transferError(ctx, src.err)
	case errors.Is(err, errTooLong):
		return 0, errs.E(errs.Snapshot, "The stored snapshot is damaged: it is larger than any database")
	case errors.Is(err, errPacking):
		return 0, errs.Wrap(errs.Snapshot, err, "The stored snapshot is damaged")
	case err != nil:
		return 0, err
	case got.id != id: // N2
		return 0, errs.E(errs.Snapshot, "The stored snapshot is damaged: its content is not what its id says")
	case got.bytes > most:
		return 0, errs.E(errs.TooLarge, "The snapshot has %d bytes, and the database may have %d (limits.database_bytes, which the operator of the server can raise)", got.bytes, most)
	}
	return got.bytes, nil
}

// source reads an answer, keeps what went wrong on the way apart from what is
// wrong with the content, and ends what does not end: nothing grows much when
// it is compressed.
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

// maxReply is how much is read of an answer without content.
const maxReply = 64 << 10

var storeCode = regexp.MustCompile(`<Code>([A-Za-z]{1,64})</Code>`)

// refusedError makes an error of an answer that is none of success. What the store
// calls it says more than the status, and nothing of ours.
func refusedError(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxReply)) // as much as comes
	code := ""
	if m := storeCode.FindSubmatch(text); m != nil {
		code = " " + string(m[1])
	}
	if resp.StatusCode == http.StatusNotFound && (code == "" || code == " NoSuchKey") && resp.Request.Method == http.MethodGet {
		return errs.E(errs.NoSnapshot, "The snapshot is not in the object store")
	}
	return errs.E(errs.ObjectStore, "The object store refused a transfer (%d%s)", resp.StatusCode, code)
}

// transferError makes an error of a transfer that broke. The text of the cause
// must not have the address, which whoever reads it could use.
func transferError(ctx context.Context, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if context.Cause(ctx) == errStalled {
		return errs.Wrap(errs.ObjectStore, err, "The object store made no progress with a transfer for too long")
	}
	return canceledOr(ctx, errs.Wrap(errs.ObjectStore, err, "The transfer to or from the object store broke"))
}

// canceledOr is err unless somebody has given up.
func canceledOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errs.Wrap(errs.Canceled, context.Cause(ctx), "The transfer was given up")
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

// reader counts every read of r as progress.
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
