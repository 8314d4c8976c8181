//go:build linux && cgo

package daemon

import (
	"context"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/engine/sqlite"
	"github.com/ayb-go/ayb/querynode/socketpair"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

const (
	forever = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
	// Its first word shows that it writes, so it never runs on a reader first.
	writeForever = "INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
)

// testDaemon is a daemon without its sandbox, and the node's end of its channel.
type testDaemon struct {
	t      *testing.T
	client *mux.Client
}

func startDaemon(t *testing.T, change ...func(*daemonargs.Config)) *testDaemon {
	t.Helper()
	cfg := daemonargs.Config{
		File: filepath.Join(t.TempDir(), "data.sqlite"), Temp: t.TempDir(), Readers: 4, HeapBytes: 64 << 20,
		RequestBytes: 1 << 20, StatementTimeout: time.Minute,
	}
	for _, c := range change {
		c(&cfg)
	}
	near, far := ends(t)
	w := &testDaemon{t, mux.NewClient(near)}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := serve(cfg, sqlite.Open, far, space.Counters{}); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		err := near.Run(func(f mux.Frame) {
			f.Payload = append([]byte(nil), f.Payload...) // a client keeps what it gets
			w.client.Handle(f)
		})
		if err != nil {
			t.Error(err)
		}
		w.client.FailAll(errs.E(errs.Engine, "gone"))
	})
	t.Cleanup(func() {
		near.Close()
		wg.Wait()
	})
	return w
}

func ends(t *testing.T) (near, far *socketpair.Conn) {
	t.Helper()
	a, b, err := socketpair.Pair()
	if err != nil {
		t.Fatal(err)
	}
	if near, err = socketpair.New(a); err != nil {
		t.Fatal(err)
	}
	if far, err = socketpair.New(b); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// by is a query of a caller.
func by(caller ayb.EntitySlug, sql string) daemonapi.Request {
	return daemonapi.Request{
		Path: ayb.DatabasePath{Entity: "alice", Database: "shop.sqlite"}, Type: ayb.SQLite,
		Mode: ayb.QueryReadWrite, Format: daemonapi.FormatCompat, Caller: caller, Body: []byte(sql),
	}
}

func (w *testDaemon) open(r daemonapi.Request) *mux.Stream {
	w.t.Helper()
	s, err := w.client.Open(context.Background(), daemonapi.AppendHead(nil, &r), r.Body)
	if err != nil {
		w.t.Error(err)
		return nil
	}
	return s
}

// answer reads a stream to its end.
func answer(s *mux.Stream) (string, error) {
	var text []byte
	for {
		p, last, err := s.Next(context.Background())
		if err != nil {
			return string(text), err
		}
		if text = append(text, p...); last {
			return string(text), nil
		}
	}
}

func (w *testDaemon) ask(r daemonapi.Request) (string, error) { return answer(w.open(r)) }

func (w *testDaemon) must(r daemonapi.Request) string {
	w.t.Helper()
	text, err := w.ask(r)
	if err != nil {
		w.t.Fatalf("%.100s: %v", r.Body, err)
	}
	return text
}

// list returns the statements that a caller may see.
func (w *testDaemon) list(r daemonapi.Request) []daemonapi.RunningQuery {
	w.t.Helper()
	r.Kind, r.Body = daemonapi.KindRunning, nil
	var running daemonapi.Running
	if err := json.Unmarshal([]byte(w.must(r)), &running); err != nil {
		w.t.Fatal(err)
	}
	return running.Queries
}

// everything returns the statements that a manager sees: all.
func (w *testDaemon) everything() []daemonapi.RunningQuery {
	w.t.Helper()
	r := by("manager", "")
	r.All = true
	return w.list(r)
}

// cancel stops a statement for the caller of a request.
func (w *testDaemon) cancel(r daemonapi.Request, id string) error {
	r.Kind, r.Body = daemonapi.KindCancel, []byte(id)
	text, err := w.ask(r)
	if err == nil && text != "" {
		w.t.Errorf("canceling answered %q", text)
	}
	return err
}

// wait polls until there are n statements of which all, or none, run.
func (w *testDaemon) wait(n int, state string) []daemonapi.RunningQuery {
	w.t.Helper()
	var got []daemonapi.RunningQuery
	until(w.t, func() bool {
		got = w.everything()
		for _, q := range got {
			if q.State != state {
				return false
			}
		}
		return len(got) == n
	})
	return got
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited too long")
		}
	}
}
