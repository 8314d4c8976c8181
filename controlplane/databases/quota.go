package databases

import (
	"sync"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// queryQuota limits the queries that run at once on the databases of each account,
// so that the queries of one account cannot use up a server's memory. A guest, an
// account that queries the databases of another, has a share of that quota, so
// that it cannot lock the owner out.
type queryQuota struct {
	mu     sync.Mutex
	counts map[quotaKey]int
}

// quotaKey counts the queries on an owner's databases: all of them for caller
// zero, else those of one guest.
type quotaKey struct{ owner, caller meta.EntityID }

// guestShare divides an account's quota: one guest may use a quarter of it.
const guestShare = 4

func newQueryQuota() *queryQuota { return &queryQuota{counts: map[quotaKey]int{}} }

// acquire counts a caller's query on a database of an owner with a quota of most
// queries; 0 is no limit. release ends it. The error is Unavailable.
func (r *queryQuota) acquire(owner, caller meta.EntityID, most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if most > 0 && r.counts[quotaKey{owner: owner}] >= most {
		return errs.E(errs.Unavailable, "%d queries run on the databases of this account, and %d may run %s; try again when one has ended", r.counts[quotaKey{owner: owner}], most, limits.QueriesPerAccount.Hint())
	}
	if caller != owner {
		share := max(most/guestShare, 1)
		if most > 0 && r.counts[quotaKey{owner, caller}] >= share {
			return errs.E(errs.Unavailable, "%d of your queries run on the databases of this account, and a guest may run %d of the %d %s; try again when one has ended", r.counts[quotaKey{owner, caller}], share, most, limits.QueriesPerAccount.Hint())
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

// quotaAnswer is an answer that releases its place in the quota when it is closed.
// It is for one goroutine.
type quotaAnswer struct {
	nodeapi.Answer
	release func() // nil after the release
}

// Close implements nodeapi.Answer.
func (c *quotaAnswer) Close() {
	c.Answer.Close()
	if c.release != nil {
		c.release()
		c.release = nil
	}
}
