package databases

import (
	"sync"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// queryQuota counts the queries that are under way on the databases of each
// account, so that one account's cannot take all of a server's memory. Each
// account that reads the databases of another has a share only, so that it
// cannot keep the owner out.
type queryQuota struct {
	mu     sync.Mutex
	counts map[quotaKey]int
}

// quotaKey is what queries are counted by: those on an owner's databases, and of
// these those of one caller who is not the owner.
type quotaKey struct{ owner, caller meta.EntityID }

// guestShare is the part of an account's places that one guest may take.
const guestShare = 4

func newQueryQuota() *queryQuota { return &queryQuota{counts: map[quotaKey]int{}} }

// admit takes a place for a caller's query on a database of an owner who may
// have so many at once; 0 is no limit. leave gives it back. The error is
// Unavailable.
func (r *queryQuota) acquire(owner, caller meta.EntityID, most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if most > 0 && r.counts[quotaKey{owner: owner}] >= most {
		return errs.E(errs.Unavailable, "%d queries run on the databases of this account, which is as many as may %s; try again when one has ended", most, limits.QueriesPerAccount.Hint())
	}
	if caller != owner {
		share := max(most/guestShare, 1)
		if most > 0 && r.counts[quotaKey{owner, caller}] >= share {
			return errs.E(errs.Unavailable, "%d of your queries run on the databases of this account, and a guest may have a quarter of the %d that may run %s; try again when one has ended", share, most, limits.QueriesPerAccount.Hint())
		}
		r.counts[quotaKey{owner, caller}]++
	}
	r.counts[quotaKey{owner: owner}]++
	return nil
}

func (r *queryQuota) release(owner, caller meta.EntityID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decrement(quotaKey{owner: owner})
	if caller != owner {
		r.decrement(quotaKey{owner, caller})
	}
}

func (r *queryQuota) decrement(p quotaKey) {
	if r.counts[p]--; r.counts[p] == 0 {
		delete(r.counts, p)
	}
}

// quotaAnswer is an answer that holds places. It is for one goroutine.
type quotaAnswer struct {
	nodeapi.Answer
	release func() // nil once they are given back
}

// Close implements nodeapi.Answer.
func (c *quotaAnswer) Close() {
	c.Answer.Close()
	if c.release != nil {
		c.release()
		c.release = nil
	}
}
