package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// inProcessBuffer is the number of bytes of an answer that are collected before
// the caller gets them. Small answers then need one change of goroutines.
const inProcessBuffer = 32 << 10

// InProcess returns a transport that calls a handler of this process in place of a
// server. Bodies are streamed in both directions. A panic of the handler ends the
// answer with an error.
func InProcess(handler http.Handler) http.RoundTripper { return inProcess{handler} }

type inProcess struct{ handler http.Handler }

type readDeadlineKey struct{}

// WithReadDeadline returns a context for calls over InProcess whose body comes from a
// connection. The handler limits the time of its reads by set.
func WithReadDeadline(ctx context.Context, set func(time.Time) error) context.Context {
	return context.WithValue(ctx, readDeadlineKey{}, set)
}

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	served := req.Clone(ctx)
	served.RequestURI, served.Host = req.URL.RequestURI(), req.URL.Host
	if served.Body == nil {
		served.Body = http.NoBody
	}
	reader, pipe := io.Pipe()
	answer := &inProcessAnswer{header: http.Header{}, pipe: pipe, ready: make(chan struct{})}
	answer.setReadDeadline, _ = req.Context().Value(readDeadlineKey{}).(func(time.Time) error)
	go answer.serve(t.handler, served)
	select {
	case <-answer.ready:
	case <-ctx.Done():
		cancel()
		_ = reader.Close() // ends the handler's next write
		return nil, ctx.Err()
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.sent, Body: &inProcessBody{PipeReader: reader, cancel: cancel}, ContentLength: -1, Request: req,
	}, nil
}

// inProcessBody cancels the request when the caller closes the answer.
type inProcessBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (b *inProcessBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// inProcessAnswer is the http.ResponseWriter of the handler.
type inProcessAnswer struct {
	header http.Header
	pipe   *io.PipeWriter

	status int
	sent   http.Header // the headers at the time of WriteHeader
	buffer bytes.Buffer
	once   sync.Once
	ready  chan struct{} // closed when status and sent are complete

	setReadDeadline func(time.Time) error // of WithReadDeadline; nil without it
}

// SetReadDeadline is for http.ResponseController.
func (a *inProcessAnswer) SetReadDeadline(t time.Time) error {
	if a.setReadDeadline == nil {
		return http.ErrNotSupported
	}
	return a.setReadDeadline(t)
}

func (a *inProcessAnswer) serve(handler http.Handler, r *http.Request) {
	defer func() {
		var err error // of the answer; nil for a complete one
		switch v := recover(); {
		case v == nil:
		case v == http.ErrAbortHandler: //nolint:errorlint // net/http compares it so, too
			err = io.ErrUnexpectedEOF
		default:
			err = fmt.Errorf("the handler panicked: %v", v)
		}
		if err != nil && a.status == 0 {
			a.WriteHeader(http.StatusInternalServerError)
		}
		a.end(err)
	}()
	handler.ServeHTTP(a, r)
}

func (a *inProcessAnswer) end(err error) {
	a.WriteHeader(http.StatusOK)
	if ferr := a.flush(); err == nil {
		err = ferr
	}
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		_ = a.pipe.CloseWithError(err) // it always succeeds
		return
	}
	_ = a.pipe.Close() // it always succeeds
}

// Header implements http.ResponseWriter.
func (a *inProcessAnswer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. Only the first call counts.
func (a *inProcessAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status, a.sent = status, a.header.Clone()
	}
}

// Write implements http.ResponseWriter.
func (a *inProcessAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	_, _ = a.buffer.Write(p) // it always succeeds
	if a.buffer.Len() < inProcessBuffer {
		return len(p), nil
	}
	return len(p), a.flush()
}

// Flush implements http.Flusher.
func (a *inProcessAnswer) Flush() { _ = a.flush() } // the next write reports the error

func (a *inProcessAnswer) flush() error {
	a.WriteHeader(http.StatusOK)
	a.once.Do(func() { close(a.ready) })
	_, err := a.pipe.Write(a.buffer.Bytes())
	a.buffer.Reset()
	return err
}
