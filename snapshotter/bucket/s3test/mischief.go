package s3test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// Mischief stands before a server and spoils what passes. Until it is told to,
// it only counts. It is safe for concurrent use, but for Refuse and Behave.
type Mischief struct {
	// URL is the endpoint.
	URL string

	t        testing.TB
	listen   string
	server   *http.Server
	requests atomic.Int64
	opened   atomic.Int64
	spoil    atomic.Pointer[Spoil]
	bend     atomic.Pointer[Bend]
}

// Spoil changes a request, or answers it itself and says that it has.
type Spoil func(w http.ResponseWriter, r *http.Request) (answered bool)

// Bend changes an answer of the server.
type Bend func(r *http.Response) error

// Mischief starts a proxy that leads to the server, and stops it with the test.
func (s *Server) Mischief() *Mischief {
	s.t.Helper()
	m := &Mischief{t: s.t, listen: freeAddress(s.t)}
	m.URL = "http://" + m.listen
	target, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }, // the host is signed
		ModifyResponse: m.bent,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // what fails here was made to
	}
	m.server = m.accept(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		if spoil := m.spoil.Load(); spoil != nil && (*spoil)(w, r) {
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(func() { _ = m.server.Close() }) // it may be closed
	return m
}

// accept listens at the address of the proxy.
func (m *Mischief) accept(h http.Handler) *http.Server {
	m.t.Helper()
	l, err := net.Listen("tcp", m.listen) //nolint:noctx // a moment on loopback
	if err != nil {
		m.t.Fatal(err)
	}
	server := &http.Server{ //nolint:gosec // a test ends it
		Handler:  h,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				m.opened.Add(1)
			}
		},
	}
	go func() { _ = server.Serve(l) }() // it ends by Close
	return server
}

// Before gives a bucket as it is reached through the proxy.
func (m *Mischief) Before(bucket bucket.Config) bucket.Config {
	bucket.Endpoint = m.URL
	return bucket
}

// Spoil makes f see all requests from now on; nil ends that.
func (m *Mischief) Spoil(f Spoil) { m.spoil.Store(pointer(f == nil, f)) }

// Bend makes f see all answers from now on; nil ends that.
func (m *Mischief) Bend(f Bend) { m.bend.Store(pointer(f == nil, f)) }

func pointer[T any](none bool, f T) *T {
	if none {
		return nil
	}
	return &f
}

// Refuse cuts all connections, and takes no more until Behave.
func (m *Mischief) Refuse() { _ = m.server.Close() } // that it was closed is all that is wanted

// Behave ends all mischief.
func (m *Mischief) Behave() {
	m.t.Helper()
	m.Spoil(nil)
	m.Bend(nil)
	_ = m.server.Close() // its address has to be free
	m.server = m.accept(m.server.Handler)
}

// Requests and Opened are how many requests and connections have come so far.
func (m *Mischief) Requests() int64 { return m.requests.Load() }

// Opened is described at Requests.
func (m *Mischief) Opened() int64 { return m.opened.Load() }

func (m *Mischief) bent(r *http.Response) error {
	if bend := m.bend.Load(); bend != nil {
		return (*bend)(r)
	}
	return nil
}

// Sent makes another body of the one that a request brings, and announces it
// as if it were right.
func Sent(r *http.Request, change func([]byte) []byte) {
	b, _ := io.ReadAll(r.Body) // what is missing is missing then, too
	b = change(b)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Del("Content-Length")
}

// Given makes another body of the one that an answer has, and announces it as
// if it were right.
func Given(r *http.Response, change func([]byte) []byte) error {
	b, err := io.ReadAll(r.Body)
	_ = r.Body.Close() // it was read
	b = change(b)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Set("Content-Length", strconv.Itoa(len(b)))
	return err
}
