//go:build cgo && (linux || darwin)

package sqlite

import (
	"slices"
	"sync"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/errs"
)

// writeQueue is the queue of bodies for the writer. The first member leads: it
// may run other waiting members together with its own body.
type writeQueue struct {
	mu      sync.Mutex
	busy    bool // a member leads
	waiting []*member
	// order is for tests: it receives the members that each leader has served,
	// in their order.
	order func([]*member)
}

// member is a body in the queue.
type member struct {
	r *execution
	// turn receives true when the member shall lead, and false when another one
	// has run its body; err is set before.
	turn chan bool
	err  error
	// solo means that the body has to run alone. Only the owner of the member
	// sets it: its own run, later the leader.
	solo bool
	// leaveReason is why the member ends when it returns to the queue: it asked
	// to leave while a leader had it. Guarded by the queue.
	leaveReason error
}

// join waits for the member's turn or its end, at most limit (0: without limit)
// and until the job has to stop.
func (q *writeQueue) join(m *member, limit time.Duration) (lead bool, err error) {
	q.mu.Lock()
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return true, nil
	}
	q.waiting = append(q.waiting, m)
	q.mu.Unlock()

	var expired <-chan time.Time
	if limit > 0 {
		t := time.NewTimer(limit)
		defer t.Stop()
		expired = t.C
	}
	j := m.r.job
	select {
	case lead = <-m.turn:
		return lead, nil
	case <-expired:
		err = errs.E(errs.Unavailable, "The database is busy: the statement waited %s for its turn; try again", engine.DurationText(limit))
	case <-j.StopSignal():
		err = engine.StopError(j.Reason(), j)
	}
	if q.leave(m, err) {
		return false, err
	}
	return <-m.turn, nil // it ends soon in any case
}

// leave removes a member from the queue. It returns false if a leader has the
// member.
func (q *writeQueue) leave(m *member, why error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, m)
	if i < 0 {
		m.leaveReason = why
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// gather removes the members that a leader may serve, itself first.
func (q *writeQueue) gather(lead *member) []*member {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for !lead.solo && n < min(len(q.waiting), groupMembers-1) && !q.waiting[n].solo {
		n++
	}
	members := append(make([]*member, 0, n+1), lead)
	members = append(members, q.waiting[:n]...)
	q.waiting = slices.Delete(q.waiting, 0, n)
	return members
}

// putBack puts unserved members back in front.
func (q *writeQueue) putBack(members []*member) {
	if len(members) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	stay := make([]*member, 0, len(members)+len(q.waiting))
	for _, m := range members {
		if m.leaveReason == nil {
			stay = append(stay, m)
			continue
		}
		m.err = m.leaveReason
		m.turn <- false
	}
	q.waiting = append(stay, q.waiting...)
}

// endTurn ends a leader's turn.
func (q *writeQueue) endTurn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.busy = false
		return
	}
	m := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	m.turn <- true
}
