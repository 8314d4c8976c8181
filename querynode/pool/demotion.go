package pool

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// An account with a statement that computes for long gives way to the others:
// what these ask for is done at once, and the account gets all that is left.
// That is more than its share as long as the machine is not full. When it is, an
// account that gets next to nothing has its share again for a moment, so that
// it goes on. Accounts with long statements share equally. Many short statements
// are something else: who asks for them waits for each.
const (
	// A statement is long when it has given nothing for so long. The clock
	// moves once in a tick, so any that is open at that moment seems a tick old.
	longRunning = tick + tick/2
	// minProcessorTime is processor time in a tick.
	minProcessorTime = tick / 20
	// recoveryTicks is how many ticks without it takes to be served at once again.
	recoveryTicks = 3
)

// activity is what an account does in a tick.
type activity struct {
	spent          time.Duration // processor time
	longStatement  bool          // a statement has given nothing for longRunning
	longBackground bool          // nor has work that rests by itself
	otherRequests  bool          // there was something else
}

// demotes tells whether the account computes for long: what it spends says little
// about that on a busy machine, but it is not nothing. Work that rests by itself
// counts as long as there is nothing else, which would be hit.
func (u activity) demotes() bool {
	return (u.longStatement || u.longBackground && !u.otherRequests) && u.spent >= minProcessorTime
}

// demotions remembers which accounts give way, and for how many ticks they have
// not computed for long, or could not. It belongs to the watch.
type demotions map[ayb.EntitySlug]int

// update takes what accounts have done since the last tick, and tells which of
// them give way now, and which do not any more.
func (y demotions) update(used map[ayb.EntitySlug]activity, change func(owner ayb.EntitySlug, yes bool)) {
	for owner, u := range used {
		if u.demotes() {
			y[owner] = 0
			change(owner, true) // again and again: its group may be a new one
		}
	}
	for owner := range y {
		if used[owner].demotes() {
			continue
		}
		if y[owner]++; y[owner] == recoveryTicks {
			delete(y, owner)
			change(owner, false)
		}
	}
}

// updateDemotions lets accounts that compute much give way.
func (p *Pool) updateDemotions(y demotions, daemons []*Daemon, now time.Duration) {
	if p.deps.Groups == nil {
		return // nobody could give it back what it has given up
	}
	used := map[ayb.EntitySlug]activity{}
	for _, d := range daemons {
		u := used[d.owner()]
		u.spent += d.processorTimeSinceLast(now)
		d.observe(now, &u)
		used[d.owner()] = u
	}
	y.update(used, func(owner ayb.EntitySlug, yes bool) {
		if err := p.deps.Groups.Demote(string(owner), yes); err != nil {
			p.deps.Log.Warn("weight of an account not changed", "entity", string(owner), "err", err)
		}
	})
}

// processorTimeSinceLast is the processor time of the daemon since the last call. It is for
// the watch alone.
func (d *Daemon) processorTimeSinceLast(now time.Duration) time.Duration {
	if idle := d.idleSince(); idle > 0 && now-idle > 2*tick {
		return 0
	}
	d.mu.Lock()
	proc := d.proc
	d.mu.Unlock()
	if proc == nil {
		return 0
	}
	total, ok := processorTime(proc.Pid)
	if !ok {
		return 0 // it has ended
	}
	just := total - d.processorTimeSeen
	d.processorTimeSeen = total
	return just
}

// MaybeBackground is a Receiver that knows whether what it waits for is work that rests
// by itself while others want something, such as a copy of the database.
type MaybeBackground interface {
	Receiver
	Background() bool
}

// background tells whether a stream is for such work.
func (s *stream) background() bool {
	r, ok := s.recv.(MaybeBackground)
	return ok && r.Background()
}

// observe adds to u what streams say: whether something has computed for longRunning
// without giving anything, and whether there was something else since the last
// look. Time that its client takes does not count, nor does the sending of a
// large result, which is as fast as the client reads. It is for the watch alone.
func (d *Daemon) observe(now time.Duration, u *activity) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u.otherRequests = u.otherRequests || d.last != d.lastObserved
	d.lastObserved = d.last
	for _, s := range d.streams {
		long, rests := s.waitsForDaemon() && now-s.lastSign > longRunning, s.background()
		u.otherRequests = u.otherRequests || !rests
		u.longBackground = u.longBackground || rests && long
		u.longStatement = u.longStatement || !rests && long
	}
}
