package jobs

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// WhileNodeLives runs do and cancels it when the node has been silent for
// Config.NodeTimeout: calls to a node may take hours, and a dead node never
// answers. The error then is Unavailable.
func (m *Maker) WhileNodeLives(ctx context.Context, node nodeapi.NodeID, do func(context.Context) error) error {
	gone := errs.E(errs.Unavailable, "The query node of the database is gone; try again")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	defer group.Wait()
	done := make(chan struct{})
	defer close(done)
	group.Go(func() {
		if m.isSilent(node, done) {
			cancel(gone)
		}
	})
	err := do(ctx)
	if err != nil && context.Cause(ctx) == error(gone) {
		return gone
	}
	return err
}

// isSilent waits until the node has been silent too long, or until done is
// closed. It reports whether the node is silent.
func (m *Maker) isSilent(node nodeapi.NodeID, done <-chan struct{}) bool {
	tick := time.NewTicker(m.cfg.NodeTimeout / 5)
	defer tick.Stop()
	seen := time.Now()
	for {
		select {
		case <-done:
			return false
		case <-tick.C:
		}
		if m.isLive(node) {
			seen = time.Now()
		} else if time.Since(seen) > m.cfg.NodeTimeout {
			return true
		}
	}
}

func (m *Maker) isLive(node nodeapi.NodeID) bool {
	for _, n := range m.deps.LiveNodes.LiveNodes() {
		if n.ID == node {
			return true
		}
	}
	return false
}

// Lock locks the snapshots of databases within this process. The error is
// Canceled, when ctx ends first.
func (m *Maker) Lock(ctx context.Context, paths ...ayb.DatabasePath) (unlock func(), err error) {
	// Two that want the same ones want them in the same order.
	paths = slices.Clone(paths)
	slices.SortFunc(paths, func(a, b ayb.DatabasePath) int { return strings.Compare(a.String(), b.String()) })
	var held []func()
	unlock = func() {
		for _, free := range held {
			free()
		}
	}
	for _, p := range slices.Compact(paths) {
		free, err := m.paths.LockContext(ctx, p)
		if err != nil {
			unlock()
			return nil, errs.Wrap(errs.Canceled, err, "The request was canceled while it waited for the snapshots of database %s", p)
		}
		held = append(held, free)
	}
	return unlock, nil
}
