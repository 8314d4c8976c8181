package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
)

func roundTrip(t *testing.T, ctx context.Context, body string, handler http.HandlerFunc) (*http.Response, error) { //nolint:revive // t comes first in tests
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://ayb.internal/a%2Fb?q=1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return httpapi.InProcess(handler).RoundTrip(req)
}

func TestInProcess(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000)
	resp, err := roundTrip(t, t.Context(), long, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() != "/a%2Fb" || r.RequestURI != "/a%2Fb?q=1" || r.Host != "ayb.internal" {
			t.Errorf("%s, %s, %s", r.URL.EscapedPath(), r.RequestURI, r.Host)
		}
		w.Header().Set("X", "before")
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("X", "after")
		_, _ = io.Copy(w, r.Body) // the test compares what arrives
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != long || resp.StatusCode != http.StatusCreated || resp.Header.Get("X") != "before" {
		t.Errorf("%d bytes, %d, %v, %v", len(got), resp.StatusCode, resp.Header, err)
	}
}

// An answer that ends early is an error, not a short answer.
func TestInProcessAborted(t *testing.T) {
	for name, reason := range map[string]any{"aborted": http.ErrAbortHandler, "panic": "a fault"} {
		resp, err := roundTrip(t, t.Context(), "", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("some")) // the test compares what arrives
			panic(reason)
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil || string(got) != "some" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A caller that closes the answer, or whose context ends, cancels the request.
func TestInProcessCanceled(t *testing.T) {
	ended := make(chan struct{})
	resp, err := roundTrip(t, t.Context(), "", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(ended)
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	<-ended

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = roundTrip(t, ctx, "", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }) //nolint:bodyclose // there is no answer
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The handler limits the reads of a body that comes from a connection.
func TestInProcessReadDeadline(t *testing.T) {
	want := time.Now().Add(time.Minute)
	handler := func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetReadDeadline(want); err != nil {
			w.WriteHeader(http.StatusNotImplemented)
		}
	}
	var got time.Time
	ctx := httpapi.WithReadDeadline(t.Context(), func(t time.Time) error {
		got = t
		return nil
	})
	for status, ctx := range map[int]context.Context{http.StatusOK: ctx, http.StatusNotImplemented: t.Context()} {
		resp, err := roundTrip(t, ctx, "", handler)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%d, want %d", resp.StatusCode, status)
		}
	}
	if !got.Equal(want) {
		t.Errorf("the deadline is %v, want %v", got, want)
	}
}
