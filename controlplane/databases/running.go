package databases

import (
	"sync"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// running counts the queries that are under way on the databases of each
// account, so that one account's cannot take all of a server's memory. Each
// account that reads the databases of another has a share only, so that it
// cannot keep the owner out.
type running struct {
	mu sync.Mutex
	n  map[place]int
}

// place is what queries are counted by: those on an owner's databases, and of
// these those of one caller who is not the owner.
type place struct{ owner, caller meta.EntityID }

// guestShare is the part of an account's places that one guest may take.
const guestShare = 4

func newRunning() *running { return &running{n: map[place]int{}} }

// enter takes a place for a caller's query on a database of an owner who may
// have so many at once; 0 is no limit. leave gives it back. The error is
// Unavailable.
func (r *running) enter(owner, caller meta.EntityID, most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if most > 0 && r.n[place{owner: owner}] >= most {
		return errs.E(errs.Unavailable, "%d queries run on the databases of this account, which is as many as may %s; try again when one has ended", most, limits.QueriesPerAccount.Hint())
	}
	if caller != owner {
		share := max(most/guestShare, 1)
		if most > 0 && r.n[place{owner, caller}] >= share {
			return errs.E(errs.Unavailable, "%d of your queries run on the databases of this account, and a guest may have a quarter of the %d that may run %s; try again when one has ended", share, most, limits.QueriesPerAccount.Hint())
		}
		r.n[place{owner, caller}]++
	}
	r.n[place{owner: owner}]++
	return nil
}

func (r *running) leave(owner, caller meta.EntityID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(place{owner: owner})
	if caller != owner {
		r.drop(place{owner, caller})
	}
}

func (r *running) drop(p place) {
	if r.n[p]--; r.n[p] == 0 {
		delete(r.n, p)
	}
}

// counted is an answer that holds places. It is for one goroutine.
type counted struct {
	nodeapi.Answer
	leave func() // nil once they are given back
}

// Close implements nodeapi.Answer.
func (c *counted) Close() {
	c.Answer.Close()
	if c.leave != nil {
		c.leave()
		c.leave = nil
	}
}
