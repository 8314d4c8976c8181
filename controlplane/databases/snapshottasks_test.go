package databases_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// fakeTasks is a store with errands, and a snapshotter that does them.
type fakeTasks struct {
	mu    sync.Mutex
	left  []meta.SnapshotTask
	until map[int64]time.Time
	err   error
	takes time.Duration
	done  []string
	lost  bool // somebody else could have claimed what is being run
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

func (m *fakeTasks) errands() *fakeTasks {
	at := func(name string) ayb.DatabasePath {
		return ayb.DatabasePath{Entity: "alice", Database: ayb.DatabaseSlug(name)}
	}
	m.until = map[int64]time.Time{}
	m.left = []meta.SnapshotTask{{ID: 1, From: at("a"), Database: 7, To: at("b")}, {ID: 2, From: at("c")}}
	return m
}

func run(t *testing.T, m *fakeTasks) (stop func()) {
	t.Helper()
	e, err := databases.NewSnapshotTasks(databases.SnapshotTaskDeps{Store: m, Snapshots: m, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	return func() { cancel(); <-done }
}

// Snapshots follow renamed databases and go with those that are gone, in the
// time it takes, and nobody else begins with it meanwhile.
func TestSnapshotTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := (&fakeTasks{takes: 10 * time.Minute}).errands()
		stop := run(t, m)
		<-time.After(21 * time.Minute)
		stop()
		if !slices.Equal(m.done, []string{"move alice/a alice/b", "purge alice/c"}) || len(m.left) != 0 || m.lost {
			t.Errorf("done %v, left %v, lost %v", m.done, m.left, m.lost)
		}
	})
}

// A snapshotter that is down delays errands; one without an object store has
// nothing to do.
func TestSnapshotTasksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := (&fakeTasks{err: errs.E(errs.Unavailable, "down")}).errands()
		stop := run(t, m)
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
		off := (&fakeTasks{err: errs.E(errs.Snapshot, "Snapshots are not configured")}).errands()
		stop = run(t, off)
		<-time.After(time.Minute)
		stop()
		if len(off.left) != 0 {
			t.Errorf("left %v", off.left)
		}
	})
	if _, err := databases.NewSnapshotTasks(databases.SnapshotTaskDeps{}); !errs.Is(err, errs.Internal) {
		t.Errorf("missing dependencies: %v", err)
	}
	if _, err := databases.NewOperationQueue(databases.OperationConfig{}, databases.OperationDeps{}); !errs.Is(err, errs.Internal) {
		t.Errorf("missing dependencies: %v", err)
	}
}
