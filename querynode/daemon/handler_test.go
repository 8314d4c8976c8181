//go:build linux && cgo

package daemon

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

func TestSchemaOfDaemon(t *testing.T) {
	w := startDaemon(t)
	r := by("alice", "")
	r.Kind = daemonapi.KindSchema
	if got := w.must(r); got != `{"tables":[],"views":[]}` {
		t.Errorf("never written: %s", got)
	}
	w.must(by("alice", "CREATE TABLE t(a INTEGER PRIMARY KEY, b)"))
	var s daemonapi.Schema
	if err := json.Unmarshal([]byte(w.must(r)), &s); err != nil || len(s.Tables) != 1 || len(s.Tables[0].Columns) != 2 || s.Tables[0].PrimaryKey[0] != "a" {
		t.Errorf("got %+v, %v", s, err)
	}
}

// A node may be newer than a daemon that still runs.
func TestUnknownQuestions(t *testing.T) {
	w := startDaemon(t)
	kind, form := by("alice", "SELECT 1"), by("alice", "SELECT 1")
	kind.Kind, form.Form = 99, 99
	for _, r := range []daemonapi.Request{kind, form} {
		if _, err := w.ask(r); !errs.Is(err, errs.Unsupported) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// An error at a limit names the limit, its value and who can raise it. Statements
// that wait can still be listed and stopped when the limit is reached.
func TestTooManyStatements(t *testing.T) {
	w := startDaemon(t, func(c *daemonargs.Config) { c.Readers = 1 })
	streams := make([]*mux.Stream, maxWaiting)
	for i := range streams {
		streams[i] = w.open(by("alice", forever))
	}
	until(t, func() bool { return len(w.everything()) == maxWaiting })
	_, err := w.ask(by("bob", "SELECT 1"))
	want := "Too many statements wait for this database: 1024 are open, and at most 1 run at once (limits.queries_per_database, querynode.readers); try again, or ask the operator of the server to raise the limit"
	if !errs.Is(err, errs.Unavailable) || err.Error() != want {
		t.Errorf("one too many: %v", err)
	}
	for _, q := range w.everything() {
		if err := w.cancel(all(by("carol", "")), q.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range streams {
		if _, err := answer(s); !errs.Is(err, errs.Canceled) {
			t.Error(err)
		}
	}
	if got := w.must(by("bob", "SELECT 1")); got != `{"fields":["1"],"rows":[["1"]]}` {
		t.Errorf("got %s", got)
	}
}

func TestLargeRequests(t *testing.T) {
	w := startDaemon(t, func(c *daemonargs.Config) { c.RequestBytes = 100_000 })
	_, err := w.ask(by("alice", "SELECT 1 --"+strings.Repeat("x", 200_000)))
	if !errs.Is(err, errs.TooLarge) || !strings.Contains(err.Error(), "limits.request_bytes, which is 100000; a script of any length can be imported (ayb client import, or POST …/import?format=sql), and the operator") {
		t.Errorf("too large: %v", err)
	}
	for range 3 { // each is held until it ends
		w.open(by("alice", forever+" --"+strings.Repeat("x", 90_000)))
	}
	w.wait(3, "running")
	_, err = w.ask(by("alice", "SELECT 1 --"+strings.Repeat("x", 90_000)))
	if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "2 times limits.request_bytes, which is 100000;") {
		t.Errorf("too much: %v", err)
	}
}

// Time limits: the shorter of the database's and the caller's own, and the
// node's for requests that bring none.
func TestTimeout(t *testing.T) {
	h := newHandler(nil, daemonargs.Config{StatementTimeout: 3 * time.Second})
	for _, c := range []struct{ request, batch, want time.Duration }{
		{0, 0, 3 * time.Second}, {5 * time.Second, 0, 5 * time.Second}, {5 * time.Second, time.Second, time.Second},
		{time.Second, 5 * time.Second, time.Second}, {0, 5 * time.Second, 3 * time.Second},
	} {
		if got := h.timeout(daemonapi.Request{Timeout: c.request}, daemonapi.Batch{Timeout: c.batch}); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// Q3: a client that goes away takes its statement with it.
func TestGoneClientQ3(t *testing.T) {
	w := startDaemon(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := w.open(by("alice", forever))
	w.wait(1, "running")
	cancel()
	if _, _, err := s.Next(ctx); err == nil {
		t.Error("an endless statement answered")
	}
	s.Close()
	w.wait(0, "")
}
