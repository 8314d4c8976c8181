package databases

import (
	"context"
	"sync"

	"github.com/ayb-go/ayb/controlplane/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// running counts the queries that are under way on the databases of each
// account, so that one account's cannot take all of a server's memory.
type running struct {
	most int // 0: no limit
	mu   sync.Mutex
	n    map[meta.EntityID]int
}

func newRunning(most int) *running { return &running{most: most, n: map[meta.EntityID]int{}} }

// enter takes a place for a query on a database of an account. leave gives it
// back. The error is Unavailable.
func (r *running) enter(owner meta.EntityID) error {
	if r.most == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n[owner] >= r.most {
		return errs.E(errs.Unavailable, "%d queries run on the databases of this account, which is the limit the operator has set; try again when one has ended", r.most)
	}
	r.n[owner]++
	return nil
}

func (r *running) leave(owner meta.EntityID) {
	if r.most == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n[owner]--; r.n[owner] == 0 {
		delete(r.n, owner)
	}
}

// query sends a query and holds a place until its answer is closed.
func (r *running) query(ctx context.Context, q nodeapi.Queries, owner meta.EntityID, node nodeapi.NodeID, req nodeapi.QueryRequest) (nodeapi.Answer, error) {
	if err := r.enter(owner); err != nil {
		return nil, err
	}
	answer, err := q.Query(ctx, node, req)
	if err != nil {
		r.leave(owner)
		return nil, err
	}
	return &counted{Answer: answer, running: r, owner: owner}, nil
}

// counted is an answer that holds a place. It is for one goroutine.
type counted struct {
	nodeapi.Answer
	running *running
	owner   meta.EntityID
	closed  bool
}

// Close implements nodeapi.Answer.
func (c *counted) Close() {
	c.Answer.Close()
	if !c.closed {
		c.closed = true
		c.running.leave(c.owner)
	}
}
