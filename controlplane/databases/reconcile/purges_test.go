package reconcile_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// fakePurges is a store with a purge queue, and the nodes that have the files.
type fakePurges struct {
	mu      sync.Mutex
	now     time.Time
	listed  []meta.PurgeTask
	until   map[int64]time.Time
	down    map[nodeapi.NodeID]bool
	removed []string
	asked   chan string // database of each call to a node
}

func (g *fakePurges) ClaimPurges(_ context.Context, n int, now, until time.Time) ([]meta.PurgeTask, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []meta.PurgeTask
	for _, d := range g.listed {
		if len(out) < n && !g.until[d.ID].After(now) {
			g.until[d.ID] = until
			out = append(out, d)
		}
	}
	return out, nil
}

func (g *fakePurges) PostponePurge(_ context.Context, id int64, until time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until[id] = until
	return nil
}

func (g *fakePurges) CompletePurge(_ context.Context, id int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listed = slices.DeleteFunc(g.listed, func(d meta.PurgeTask) bool { return d.ID == id })
	return nil
}

func (g *fakePurges) DeleteDatabase(_ context.Context, node nodeapi.NodeID, req nodeapi.DeleteRequest) (nodeapi.Done, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer func() { g.asked <- string(req.Path.Database) }()
	if g.down[node] {
		return nodeapi.Done{}, errs.E(errs.Unavailable, "The node does not answer")
	}
	g.removed = append(g.removed, string(req.Path.Database)+"@"+string(node))
	return nodeapi.Done{}, nil
}

func (g *fakePurges) PurgeDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	_, err := g.DeleteDatabase(ctx, node, nodeapi.DeleteRequest{Path: ayb.DatabasePath{Entity: req.Path.Entity, Database: req.Path.Database + ayb.DatabaseSlug(" soft-deleted "+req.Key)}})
	return nodeapi.Done{}, err
}

func (g *fakePurges) LiveNodes() []nodeapi.NodeStatus { return []nodeapi.NodeStatus{{ID: "n1"}} }

func (g *fakePurges) Now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *fakePurges) left() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.listed)
}

func (g *fakePurges) waitFor(t *testing.T, names ...string) {
	t.Helper()
	for range names {
		select {
		case got := <-g.asked:
			if !slices.Contains(names, got) {
				t.Errorf("a node was asked to remove %s", got)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no node was asked to remove %v", names)
		}
	}
}

// The queue of an earlier process and later tasks are carried out. A node that is
// down delays only its own files.
func TestPurges(t *testing.T) {
	g := &fakePurges{now: time.Unix(1000, 0), until: map[int64]time.Time{}, down: map[nodeapi.NodeID]bool{"n2": true}, asked: make(chan string, 100)}
	listed := func(id int64, name string, node meta.NodeID) meta.PurgeTask {
		return meta.PurgeTask{ID: id, Path: ayb.DatabasePath{Entity: "alice", Database: ayb.DatabaseSlug(name)}, Node: node}
	}
	g.listed = []meta.PurgeTask{listed(1, "a", "n1"), listed(2, "b", "n2"), listed(3, "old", ""), listed(5, "away", "n1")}
	g.listed[3].SoftDeleteKey = "7"
	r, err := reconcile.NewPurges(reconcile.PurgeDeps{Store: g, Files: g, Nodes: g, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: g.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	g.waitFor(t, "a", "b", "old", "away soft-deleted 7")

	// A further task; the one that failed waits for the end of its pause.
	g.mu.Lock()
	g.listed = append(g.listed, listed(4, "c", "n1"))
	g.mu.Unlock()
	r.Wake()
	r.Wake()
	g.waitFor(t, "c")

	g.mu.Lock()
	if wait := g.until[2].Sub(g.now); wait != 5*time.Second {
		t.Errorf("b is tried again after %v, not 5s", wait)
	}
	g.now, g.down["n2"] = g.now.Add(5*time.Second), false
	g.mu.Unlock()
	for deadline := time.Now().Add(20 * time.Second); g.left() > 0; {
		r.Wake()
		select {
		case <-g.asked:
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the files of b stay")
		}
	}
	slices.Sort(g.removed)
	if !slices.Equal(g.removed, []string{"a@n1", "away soft-deleted 7@n1", "b@n2", "c@n1", "old@n1"}) {
		t.Errorf("removed %v", g.removed)
	}
}
