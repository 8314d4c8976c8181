package databases

import (
	"context"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// gates know which databases are being replaced as a whole. Of those one at a
// time is replaced (N14), and no import begins meanwhile; while the state before
// a restore is being kept nobody writes, so that nothing that was acknowledged
// is in neither state (Q15).
//
// They hold for this server process. Another control plane does not see them:
// it may acknowledge a write between the two, which then belongs to the state
// that was replaced.
type gates struct {
	mu sync.Mutex
	of map[meta.DatabaseID]*gate
}

type gate struct {
	writers   int
	replacing bool
	shut      bool
	quiet     chan struct{} // closed when a gate that was shut has no writers left
}

func newGates() *gates { return &gates{of: map[meta.DatabaseID]*gate{}} }

func (g *gates) get(id meta.DatabaseID) *gate {
	one := g.of[id]
	if one == nil {
		one = &gate{}
		g.of[id] = one
	}
	return one
}

// tidy forgets a gate that nobody is at.
func (g *gates) tidy(id meta.DatabaseID) {
	if one := g.of[id]; one != nil && one.writers == 0 && !one.replacing {
		delete(g.of, id)
	}
}

// write lets a request through that may write. done ends it.
func (g *gates) write(id meta.DatabaseID) (done func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.get(id)
	if one.shut {
		return nil, errs.E(errs.Unavailable, "The database is being restored at this moment; try again in a while")
	}
	one.writers++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if one.writers--; one.writers == 0 && one.quiet != nil {
			close(one.quiet)
			one.quiet = nil
		}
		g.tidy(id)
	}, nil
}

// replaced is Conflict while the database is being replaced.
func (g *gates) replaced(id meta.DatabaseID) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one := g.of[id]; one != nil && one.replacing {
		return errReplaced()
	}
	return nil
}

func errReplaced() error {
	return errs.E(errs.Conflict, "The database is being replaced by an import or a restore at this moment; try again when that has ended")
}

// replace begins to replace a database; done ends it.
func (g *gates) replace(id meta.DatabaseID) (done func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.get(id)
	if one.replacing {
		return nil, errReplaced()
	}
	one.replacing = true
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		one.replacing = false
		g.tidy(id)
	}, nil
}

// drainTime is how long a restore waits for what writes.
const drainTime = 45 * time.Second

// close keeps everybody from writing to a database that is being replaced and
// waits until nobody does. open ends it. Unavailable when it takes too long.
func (g *gates) close(ctx context.Context, id meta.DatabaseID) (open func(), err error) {
	g.mu.Lock()
	one := g.get(id)
	one.shut = true
	var quiet chan struct{}
	if one.writers > 0 {
		quiet = make(chan struct{})
		one.quiet = quiet
	}
	g.mu.Unlock()
	open = func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		one.shut, one.quiet = false, nil
		g.tidy(id)
	}
	if quiet == nil {
		return open, nil
	}
	late := time.NewTimer(drainTime)
	defer late.Stop()
	select {
	case <-quiet:
		return open, nil
	case <-late.C:
		err = errs.E(errs.Unavailable, "Statements still write to the database; try again when they have ended")
	case <-ctx.Done():
		err = errs.Wrap(errs.Canceled, ctx.Err(), "The request was given up")
	}
	open()
	return nil, err
}
