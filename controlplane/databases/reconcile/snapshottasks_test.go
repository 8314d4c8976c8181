package reconcile_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// fakeTasks is a store with snapshot tasks, and a snapshotter that carries them
// out.
type fakeTasks struct {
	mu    sync.Mutex
	left  []meta.SnapshotTask
	until map[int64]time.Time
	err   error
	takes time.Duration
	done  []string
	lost  bool // a task could have been claimed again while it was carried out
}

func (m *fakeTasks) ClaimSnapshotTasks(_ context.Context, n int, now, until time.Time) (out []meta.SnapshotTask, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.left {
		if len(out) < n && !m.until[e.ID].After(now) {
			m.until[e.ID] = until
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *fakeTasks) PostponeSnapshotTask(_ context.Context, id int64, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.until[id] = until
	return nil
}

func (m *fakeTasks) CompleteSnapshotTask(_ context.Context, one meta.SnapshotTask, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = slices.DeleteFunc(m.left, func(e meta.SnapshotTask) bool { return e.ID == one.ID })
	return nil
}

func (m *fakeTasks) do(what string, id int64) (snapshotapi.Done, error) {
	for range int(m.takes / time.Second) {
		<-time.After(time.Second)
		m.mu.Lock()
		m.lost = m.lost || !m.until[id].After(time.Now())
		m.mu.Unlock()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.done = append(m.done, what)
	}
	return snapshotapi.Done{}, m.err
}

func (m *fakeTasks) MoveSnapshots(_ context.Context, r snapshotapi.MoveRequest) (snapshotapi.Done, error) {
	return m.do("move "+r.From.String()+" "+r.To.String(), 1)
}

func (m *fakeTasks) PurgeSnapshots(_ context.Context, r snapshotapi.PurgeRequest) (snapshotapi.Done, error) {
	return m.do("purge "+r.Path.String(), 2)
}

func (m *fakeTasks) queue() *fakeTasks {
	at := func(name string) ayb.DatabasePath {
		return ayb.DatabasePath{Entity: "alice", Database: ayb.DatabaseSlug(name)}
	}
	m.until = map[int64]time.Time{}
	m.left = []meta.SnapshotTask{{ID: 1, From: at("a"), Database: 7, To: at("b")}, {ID: 2, From: at("c")}}
	return m
}

func runTasks(t *testing.T, m *fakeTasks) (stop func()) {
	t.Helper()
	e, err := reconcile.NewSnapshotTasks(reconcile.SnapshotTaskDeps{Store: m, Snapshots: m, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); e.Run(ctx) }()
	return func() { cancel(); <-done }
}

// Snapshots follow renamed databases and go with purged ones. A task that takes
// long keeps its lease.
func TestSnapshotTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := (&fakeTasks{takes: 10 * time.Minute}).queue()
		stop := runTasks(t, m)
		<-time.After(21 * time.Minute)
		stop()
		if !slices.Equal(m.done, []string{"move alice/a alice/b", "purge alice/c"}) || len(m.left) != 0 || m.lost {
			t.Errorf("done %v, left %v, lost %v", m.done, m.left, m.lost)
		}
	})
}

// A snapshotter that is down delays tasks. A server without snapshots completes
// them.
func TestSnapshotTasksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := (&fakeTasks{err: errs.E(errs.Unavailable, "down")}).queue()
		stop := runTasks(t, m)
		<-time.After(time.Hour)
		m.mu.Lock()
		if len(m.left) != 2 {
			t.Errorf("left %v", m.left)
		}
		m.err = nil
		m.mu.Unlock()
		<-time.After(11 * time.Minute)
		stop()
		if len(m.left) != 0 || len(m.done) != 2 {
			t.Errorf("done %v, left %v", m.done, m.left)
		}
		off := (&fakeTasks{err: errs.E(errs.Snapshot, "Snapshots are not configured")}).queue()
		stop = runTasks(t, off)
		<-time.After(time.Minute)
		stop()
		if len(off.left) != 0 {
			t.Errorf("left %v", off.left)
		}
	})
}
