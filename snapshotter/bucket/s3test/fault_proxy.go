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

// FaultProxy is a proxy in front of a Server that injects faults. Without
// OnRequest and OnResponse it only counts. It is safe for concurrent use,
// except Disconnect and Restore.
type FaultProxy struct {
	// URL is the endpoint.
	URL string

	t             testing.TB
	listen        string
	server        *http.Server
	requests      atomic.Int64
	connections   atomic.Int64
	requestFault  atomic.Pointer[RequestFault]
	responseFault atomic.Pointer[ResponseFault]
}

// RequestFault changes a request, or answers it and returns true.
type RequestFault func(w http.ResponseWriter, r *http.Request) (answered bool)

// ResponseFault changes a response of the server.
type ResponseFault func(r *http.Response) error

// FaultProxy starts a proxy in front of the server and stops it with the test.
func (s *Server) FaultProxy() *FaultProxy {
	s.t.Helper()
	m := &FaultProxy{t: s.t, listen: freeAddress(s.t)}
	m.URL = "http://" + m.listen
	target, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }, // the host is signed
		ModifyResponse: m.modifyResponse,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // failures are intended
	}
	m.server = m.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		if spoil := m.requestFault.Load(); spoil != nil && (*spoil)(w, r) {
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(func() { _ = m.server.Close() }) // it may be closed already
	return m
}

// serve accepts connections at the address of the proxy.
func (m *FaultProxy) serve(h http.Handler) *http.Server {
	m.t.Helper()
	l, err := net.Listen("tcp", m.listen) //nolint:noctx // a moment on loopback
	if err != nil {
		m.t.Fatal(err)
	}
	server := &http.Server{ //nolint:gosec // the test closes it
		Handler:  h,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				m.connections.Add(1)
			}
		},
	}
	go func() { _ = server.Serve(l) }() // it ends by Close
	return server
}

// Through returns the configuration of a bucket with the proxy as its endpoint.
func (m *FaultProxy) Through(bucket bucket.Config) bucket.Config {
	bucket.Endpoint = m.URL
	return bucket
}

// OnRequest sets the fault for all later requests; nil removes it.
func (m *FaultProxy) OnRequest(f RequestFault) { m.requestFault.Store(pointer(f == nil, f)) }

// OnResponse sets the fault for all later responses; nil removes it.
func (m *FaultProxy) OnResponse(f ResponseFault) { m.responseFault.Store(pointer(f == nil, f)) }

func pointer[T any](none bool, f T) *T {
	if none {
		return nil
	}
	return &f
}

// Disconnect closes all connections and refuses new ones until Restore.
func (m *FaultProxy) Disconnect() { _ = m.server.Close() } // an error means that it was closed before

// Restore removes all faults and accepts connections again.
func (m *FaultProxy) Restore() {
	m.t.Helper()
	m.OnRequest(nil)
	m.OnResponse(nil)
	_ = m.server.Close() // its address must be free
	m.server = m.serve(m.server.Handler)
}

// Requests returns the number of requests so far.
func (m *FaultProxy) Requests() int64 { return m.requests.Load() }

// Connections returns the number of accepted connections so far.
func (m *FaultProxy) Connections() int64 { return m.connections.Load() }

func (m *FaultProxy) modifyResponse(r *http.Response) error {
	if bend := m.responseFault.Load(); bend != nil {
		return (*bend)(r)
	}
	return nil
}

// ReplaceRequestBody replaces the body of a request and sets its length to
// match.
func ReplaceRequestBody(r *http.Request, change func([]byte) []byte) {
	b, _ := io.ReadAll(r.Body) // a body that was cut off stays so
	b = change(b)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Del("Content-Length")
}

// ReplaceResponseBody replaces the body of a response and sets its length to
// match.
func ReplaceResponseBody(r *http.Response, change func([]byte) []byte) error {
	b, err := io.ReadAll(r.Body)
	_ = r.Body.Close() // it was read
	b = change(b)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Set("Content-Length", strconv.Itoa(len(b)))
	return err
}
