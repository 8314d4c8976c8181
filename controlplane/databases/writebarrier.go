package databases

import (
	"context"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// writeBarriers coordinate writes with the replacement of a database by an import
// or a restore. A database is replaced by one request at a time, and no import of
// tables begins meanwhile. While a restore keeps the present state as a snapshot
// and swaps, writers are blocked: a write acknowledged in between would be in
// neither state.
//
// The barriers of a process hold for its own requests. Another control plane may
// acknowledge a write in between, which then belongs to the replaced state.
type writeBarriers struct {
	mu   sync.Mutex
	byID map[meta.DatabaseID]*writeBarrier
}

type writeBarrier struct {
	writers   int
	replacing bool
	blocked   bool
	drained   chan struct{} // closed when a blocked barrier has no writers left
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

// forgetIdle removes a barrier without writers or replacement.
func (g *writeBarriers) forgetIdle(id meta.DatabaseID) {
	if one := g.byID[id]; one != nil && one.writers == 0 && !one.replacing {
		delete(g.byID, id)
	}
}

// beginWrite admits a request that may write; done ends it. Unavailable while
// writers are blocked.
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

// checkReplacing returns Conflict while the database is being replaced.
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

// beginReplace admits one replacement of a database at a time; done ends it.
// Conflict while another one runs.
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

// drainTimeout is how long a restore waits for running writers.
const drainTimeout = 45 * time.Second

// blockWrites refuses new writers of a database that is being replaced, and waits
// for the running ones. unblock admits writers again. Unavailable when a writer
// runs longer than drainTimeout.
func (g *writeBarriers) blockWrites(ctx context.Context, id meta.DatabaseID) (unblock func(), err error) {
	g.mu.Lock()
	one := g.entry(id)
	one.blocked = true
	var quiet chan struct{}
	if one.writers > 0 {
		quiet = make(chan struct{})
		one.drained = quiet
	}
	g.mu.Unlock()
	unblock = func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		one.blocked, one.drained = false, nil
		g.forgetIdle(id)
	}
	if quiet == nil {
		return unblock, nil
	}
	late := time.NewTimer(drainTimeout)
	defer late.Stop()
	select {
	case <-quiet:
		return unblock, nil
	case <-late.C:
		err = errs.E(errs.Unavailable, "Statements have been writing to the database for %s; try again when they have ended", drainTimeout)
	case <-ctx.Done():
		err = errs.Wrap(errs.Canceled, ctx.Err(), "The request was canceled")
	}
	unblock()
	return nil, err
}
