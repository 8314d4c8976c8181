//go:build cgo && (linux || darwin)

package sqlite

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/errs"
)

// slot is the right to use one connection, and the connection if it is open.
type slot struct {
	c *conn
	// job is the running job, for the watchdog and Close.
	job atomic.Pointer[engine.Job]
}

// pool assigns slots to jobs. The slot that was released last is used first, so
// that a quiet database needs only one reader.
type pool struct {
	all    []*slot
	shared bool // the number of slots is configurable

	mu      sync.Mutex
	free    []*slot
	waiting []chan *slot // first come, first served
}

func newPool(n int) *pool {
	p := &pool{}
	for range n {
		p.all = append(p.all, &slot{})
	}
	p.free = slices.Clone(p.all)
	return p
}

// acquire returns a slot. It waits at most limit (0: without limit) and until
// the job has to stop.
func (p *pool) acquire(j *engine.Job, limit time.Duration) (*slot, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return s, nil
	}
	turn := make(chan *slot, 1)
	p.waiting = append(p.waiting, turn)
	p.mu.Unlock()

	var expired <-chan time.Time
	if limit > 0 {
		t := time.NewTimer(limit)
		defer t.Stop()
		expired = t.C
	}
	select {
	case s := <-turn:
		return s, nil
	case <-expired:
		p.stopWaiting(turn)
		return nil, p.busy(limit)
	case <-j.StopSignal():
		p.stopWaiting(turn)
		return nil, engine.StopError(j.Reason(), j)
	}
}

// busy returns the error of a wait that was too long.
func (p *pool) busy(waited time.Duration) error {
	if !p.shared {
		return errs.E(errs.Unavailable, "The database is busy: the statement waited %s for its turn; try again", engine.DurationText(waited))
	}
	return errs.E(errs.Unavailable, "The database is busy: at most %d statements run at once (limits.queries_per_database, querynode.readers), and this one waited %s for its turn; try again, or ask the operator of the server to raise the limit",
		len(p.all), engine.DurationText(waited))
}

func (p *pool) stopWaiting(turn chan *slot) {
	p.mu.Lock()
	if i := slices.Index(p.waiting, turn); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.release(<-turn) // the slot came at the same moment
}

// release puts a slot back.
func (p *pool) release(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		p.waiting[0] <- s
		p.waiting = slices.Delete(p.waiting, 0, 1)
		return
	}
	p.free = append(p.free, s)
}

// close closes the connections. No slot may be in use.
func (p *pool) close() {
	for _, s := range p.all {
		s.closeConn()
	}
}

// closeConn closes the slot's connection. It is opened again when it is needed.
func (s *slot) closeConn() {
	if s.c != nil {
		s.c.close()
		s.c = nil
	}
}
