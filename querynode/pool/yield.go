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
	longTime = tick + tick/2
	// hardlyAny is processor time in a tick.
	hardlyAny = tick / 20
	// calmTicks is how many ticks without it takes to be served at once again.
	calmTicks = 3
)

// use is what an account does in a tick.
type use struct {
	spent time.Duration // processor time
	long  bool          // a statement has given nothing for longTime
	rests bool          // nor has work that rests by itself
	asked bool          // there was something else
}

// much tells whether the account computes for long: what it spends says little
// about that on a busy machine, but it is not nothing. Work that rests by itself
// counts as long as there is nothing else, which would be hit.
func (u use) much() bool { return (u.long || u.rests && !u.asked) && u.spent >= hardlyAny }

// yielding remembers which accounts give way, and for how many ticks they have
// not computed for long, or could not. It belongs to the watch.
type yielding map[ayb.EntitySlug]int

// step takes what accounts have done since the last tick, and tells which of
// them give way now, and which do not any more.
func (y yielding) step(used map[ayb.EntitySlug]use, change func(owner ayb.EntitySlug, yes bool)) {
	for owner, u := range used {
		if u.much() {
			y[owner] = 0
			change(owner, true) // again and again: its group may be a new one
		}
	}
	for owner := range y {
		if used[owner].much() {
			continue
		}
		if y[owner]++; y[owner] == calmTicks {
			delete(y, owner)
			change(owner, false)
		}
	}
}

// makeWay lets accounts that compute much give way.
func (p *Pool) makeWay(y yielding, daemons []*Daemon, now time.Duration) {
	if p.deps.Groups == nil {
		return // nobody could give it back what it has given up
	}
	used := map[ayb.EntitySlug]use{}
	for _, d := range daemons {
		u := used[d.owner()]
		u.spent += d.justUsed(now)
		d.look(now, &u)
		used[d.owner()] = u
	}
	y.step(used, func(owner ayb.EntitySlug, yes bool) {
		if err := p.deps.Groups.Yield(string(owner), yes); err != nil {
			p.deps.Log.Warn("weight of an account not changed", "entity", string(owner), "err", err)
		}
	})
}

// justUsed is the processor time of the daemon since the last call. It is for
// the watch alone.
func (d *Daemon) justUsed(now time.Duration) time.Duration {
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
	just := total - d.used
	d.used = total
	return just
}

// Resting is a Receiver that knows whether what it waits for is work that rests
// by itself while others want something, such as a copy of the database.
type Resting interface {
	Receiver
	Rests() bool
}

// rests tells whether a stream is for such work.
func (s *stream) rests() bool {
	r, ok := s.recv.(Resting)
	return ok && r.Rests()
}

// look adds to u what streams say: whether something has computed for longTime
// without giving anything, and whether there was something else since the last
// look. Time that its client takes does not count, nor does the sending of a
// large result, which is as fast as the client reads. It is for the watch alone.
func (d *Daemon) look(now time.Duration, u *use) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u.asked = u.asked || d.last != d.looked
	d.looked = d.last
	for _, s := range d.streams {
		long, rests := s.waits() && now-s.sign > longTime, s.rests()
		u.asked = u.asked || !rests
		u.rests = u.rests || rests && long
		u.long = u.long || !rests && long
	}
}
