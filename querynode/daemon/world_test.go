//go:build linux && cgo

package daemon

import (
	"context"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/pipe"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/querynode/spawn"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
	"github.com/ayb-go/ayb/shared/query"
)

const (
	forever = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
	// That it writes can be told from its first word, so it never tries a reader.
	writeForever = "INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c"
)

// world is a daemon without its sandbox, and the node's end of its channel.
type world struct {
	t      *testing.T
	client *mux.Client
}

func start(t *testing.T, change ...func(*spawn.Config)) *world {
	t.Helper()
	cfg := spawn.Config{
		File: filepath.Join(t.TempDir(), "data.sqlite"), Temp: t.TempDir(), Readers: 4, HeapBytes: 64 << 20,
		RequestBytes: 1 << 20, StatementTimeout: time.Minute,
	}
	for _, c := range change {
		c(&cfg)
	}
	near, far := ends(t)
	w := &world{t, mux.NewClient(near)}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := serve(cfg, far, space.Share{}); err != nil {
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
		w.client.Down(errs.E(errs.Engine, "gone"))
	})
	t.Cleanup(func() {
		near.Close()
		wg.Wait()
	})
	return w
}

func ends(t *testing.T) (near, far *pipe.Conn) {
	t.Helper()
	a, b, err := pipe.Pair()
	if err != nil {
		t.Fatal(err)
	}
	if near, err = pipe.New(a); err != nil {
		t.Fatal(err)
	}
	if far, err = pipe.New(b); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// by is a query of a caller's.
func by(caller ayb.EntitySlug, sql string) query.Request {
	return query.Request{
		Path: ayb.DatabasePath{Entity: "alice", Database: "shop.sqlite"}, Type: ayb.SQLite,
		Mode: ayb.QueryReadWrite, Format: query.FormatCompat, Caller: caller, Body: []byte(sql),
	}
}

func (w *world) open(r query.Request) *mux.Stream {
	w.t.Helper()
	s, err := w.client.Open(context.Background(), query.AppendHead(nil, &r), r.Body)
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

func (w *world) ask(r query.Request) (string, error) { return answer(w.open(r)) }

func (w *world) must(r query.Request) string {
	w.t.Helper()
	text, err := w.ask(r)
	if err != nil {
		w.t.Fatalf("%.100s: %v", r.Body, err)
	}
	return text
}

// list gives what somebody is told of what runs.
func (w *world) list(r query.Request) []query.RunningQuery {
	w.t.Helper()
	r.Kind, r.Body = query.KindRunning, nil
	var running query.Running
	if err := json.Unmarshal([]byte(w.must(r)), &running); err != nil {
		w.t.Fatal(err)
	}
	return running.Queries
}

// everything is what a manager is told.
func (w *world) everything() []query.RunningQuery {
	w.t.Helper()
	r := by("manager", "")
	r.All = true
	return w.list(r)
}

// cancel stops a statement in somebody's name.
func (w *world) cancel(r query.Request, id string) error {
	r.Kind, r.Body = query.KindCancel, []byte(id)
	text, err := w.ask(r)
	if err == nil && text != "" {
		w.t.Errorf("canceling answered %q", text)
	}
	return err
}

// wait polls until there are n statements of which all, or none, run.
func (w *world) wait(n int, state string) []query.RunningQuery {
	w.t.Helper()
	var got []query.RunningQuery
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
