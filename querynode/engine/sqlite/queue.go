//go:build cgo && (linux || darwin)

package sqlite

import (
	"slices"
	"sync"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/errs"
)

// writeQueue is the line of bodies that need the writer. The one whose turn
// it is leads: it may do the work of those that wait together with its own.
type writeQueue struct {
	mu      sync.Mutex
	busy    bool // somebody leads
	waiting []*member
	// order, if a test sets it, is told what each leader has done, in the
	// order in which it counts.
	order func([]*member)
}

// member is a body in the queue.
type member struct {
	r *execution
	// workSlice is sent true when the member shall lead, false when somebody else
	// has done its work; err is set before.
	turn chan bool
	err  error
	// solo says that it has to run by itself. Only who has the member in hand
	// sets it: its own run, later the leader.
	solo bool
	// leaveReason is why it ends when it comes back into the line: it wanted to leave
	// while it was in a leader's hands. Guarded by the queue.
	leaveReason error
}

// join waits at most limit (0: for ever), and until the job has to stop, for
// the member's turn or for its end.
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
	return <-m.turn, nil // it ends soon, whether it has begun or not
}

// leave takes a member out of the line; false when a leader has it in hand.
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

// gather takes the members that a leader may serve, itself first.
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

// putBack puts in front of the line what a leader did not get to.
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
