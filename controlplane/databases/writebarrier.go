package databases

import (
	"context"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// barriers know which databases are being replaced as a whole. Of those one at a
// time is replaced (N14), and no import begins meanwhile; while the state before
// a restore is being kept nobody writes, so that nothing that was acknowledged
// is in neither state (Q15).
//
// They hold for this server process. Another control plane does not see them:
// it may acknowledge a write between the two, which then belongs to the state
// that was replaced.
type writeBarriers struct {
	mu   sync.Mutex
	byID map[meta.DatabaseID]*writeBarrier
}

type writeBarrier struct {
	writers   int
	replacing bool
	blocked   bool
	drained   chan struct{} // closed when a gate that was shut has no writers left
}

func newWriteBarriers() *writeBarriers {
	return &writeBarriers{byID: map[meta.DatabaseID]*writeBarrier{}}
}

func (g *writeBarriers) entry(id meta.DatabaseID) *writeBarrier {
	one := g.byID[id]
	if one == nil {
		one = &writeBarrier{}
		g.byID[id] = one
	}
	return one
}

// forgetIdle forgets a gate that nobody is at.
func (g *writeBarriers) forgetIdle(id meta.DatabaseID) {
	if one := g.byID[id]; one != nil && one.writers == 0 && !one.replacing {
		delete(g.byID, id)
	}
}

// beginWrite lets a request through that may write. done ends it.
func (g *writeBarriers) beginWrite(id meta.DatabaseID) (done func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.entry(id)
	if one.blocked {
		return nil, errs.E(errs.Unavailable, "The database is being restored at this moment; try again in a while")
	}
	one.writers++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if one.writers--; one.writers == 0 && one.drained != nil {
			close(one.drained)
			one.drained = nil
		}
		g.forgetIdle(id)
	}, nil
}

// checkReplacing is Conflict while the database is being replaced.
func (g *writeBarriers) checkReplacing(id meta.DatabaseID) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one := g.byID[id]; one != nil && one.replacing {
		return errReplacing()
	}
	return nil
}

func errReplacing() error {
	return errs.E(errs.Conflict, "The database is being replaced by an import or a restore at this moment; try again when that has ended")
}

// beginReplace begins to replace a database; done ends it.
func (g *writeBarriers) beginReplace(id meta.DatabaseID) (done func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.entry(id)
	if one.replacing {
		return nil, errReplacing()
	}
	one.replacing = true
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		one.replacing = false
		g.forgetIdle(id)
	}, nil
}

// drainTimeout is how long a restore waits for what writes.
const drainTimeout = 45 * time.Second

// blockWrites keeps everybody from writing to a database that is being replaced and
// waits until nobody does. open ends it. Unavailable when it takes too long.
func (g *writeBarriers) blockWrites(ctx context.Context, id meta.DatabaseID) (open func(), err error) {
	g.mu.Lock()
	one := g.entry(id)
	one.blocked = true
	var quiet chan struct{}
	if one.writers > 0 {
		quiet = make(chan struct{})
		one.drained = quiet
	}
	g.mu.Unlock()
	open = func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		one.blocked, one.drained = false, nil
		g.forgetIdle(id)
	}
	if quiet == nil {
		return open, nil
	}
	late := time.NewTimer(drainTimeout)
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
