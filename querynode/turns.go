package querynode

import (
	"context"
	"sync"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// turns lets one at a time work on a database. The zero value is ready.
type turns struct {
	mu   sync.Mutex
	busy map[ayb.DatabasePath]chan struct{} // closed at the end of the turn
}

// take waits for a turn until ctx ends, and gives what ends it.
func (t *turns) take(ctx context.Context, p ayb.DatabasePath) (end func(), err error) {
	for {
		t.mu.Lock()
		before := t.busy[p]
		if before == nil {
			break
		}
		t.mu.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return nil, errs.Wrap(errs.Canceled, context.Cause(ctx), "The request was given up while another one worked on the database")
		}
	}
	defer t.mu.Unlock()
	if t.busy == nil {
		t.busy = map[ayb.DatabasePath]chan struct{}{}
	}
	mine := make(chan struct{})
	t.busy[p] = mine
	return func() {
		t.mu.Lock()
		delete(t.busy, p)
		t.mu.Unlock()
		close(mine)
	}, nil
}
