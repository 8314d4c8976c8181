package databases_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// fakePurges is a store with a list of databases to remove, and the nodes that
// have their files.
type fakePurges struct {
	mu      sync.Mutex
	now     time.Time
	listed  []meta.PurgeTask
	until   map[int64]time.Time
	down    map[nodeapi.NodeID]bool
	removed []string
	asked   chan string // what a node was asked to remove, when it is set
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
			t.Fatalf("nobody was asked to remove %v", names)
		}
	}
}

// A15: what was left by an earlier process and what is added later goes; a
// node that is down delays only its own.
func TestPurges(t *testing.T) {
	g := &fakePurges{now: time.Unix(1000, 0), until: map[int64]time.Time{}, down: map[nodeapi.NodeID]bool{"n2": true}, asked: make(chan string, 100)}
	listed := func(id int64, name string, node meta.NodeID) meta.PurgeTask {
		return meta.PurgeTask{ID: id, Path: ayb.DatabasePath{Entity: "alice", Database: ayb.DatabaseSlug(name)}, Node: node}
	}
	g.listed = []meta.PurgeTask{listed(1, "a", "n1"), listed(2, "b", "n2"), listed(3, "old", ""), listed(5, "away", "n1")}
	g.listed[3].SoftDeleteKey = "7"
	r, err := databases.NewPurgeQueue(databases.PurgeDeps{Store: g, Files: g, Nodes: g, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: g.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	g.waitFor(t, "a", "b", "old", "away soft-deleted 7")

	// Another one; the one that failed waits for the end of its claim.
	g.mu.Lock()
	g.listed = append(g.listed, listed(4, "c", "n1"))
	g.mu.Unlock()
	r.Wake()
	r.Wake()
	g.waitFor(t, "c")

	g.mu.Lock()
	if wait := g.until[2].Sub(g.now); wait != 5*time.Second {
		t.Errorf("b is tried again after %v", wait)
	}
	g.now, g.down["n2"] = g.now.Add(5*time.Second), false
	g.mu.Unlock()
	for deadline := time.Now().Add(20 * time.Second); g.left() > 0; {
		r.Wake()
		select {
		case <-g.asked:
		case <-time.After(10 * time.Millisecond): // it may be between two looks
		}
		if time.Now().After(deadline) {
			t.Fatal("b stays")
		}
	}
	slices.Sort(g.removed)
	if !slices.Equal(g.removed, []string{"a@n1", "away soft-deleted 7@n1", "b@n2", "c@n1", "old@n1"}) {
		t.Errorf("removed %v", g.removed)
	}
}

// While files are removed nothing is made at their place: it could be removed
// with them.
func TestCreateWaitsForRemoval(t *testing.T) {
	w := &world{busy: errs.E(errs.Conflict, "A deleted database of that name is still being removed; try again later")}
	s := service(t, w)
	create := func(name string) error {
		_, err := s.Create(t.Context(), alice, databases.NewDatabase{Entity: "alice", Database: name, Type: "sqlite"})
		return err
	}
	if err := create("d"); !errs.Is(err, errs.Conflict) || len(w.created) != 0 {
		t.Errorf("%v, created on %v", err, w.created)
	}
	w.busy = nil
	if err := create("d"); err != nil {
		t.Error(err)
	}
	if _, err := databases.NewPurgeQueue(databases.PurgeDeps{}); !errs.Is(err, errs.Internal) {
		t.Errorf("missing dependencies: %v", err)
	}
}
