package pool

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// An account that computes much gives way to those that compute little: what
// these ask for is done at once, and the other one gets all that is left. That
// is more than its share as long as the machine is not full. When it is, the
// account soon counts as one that computes little, so that it is never left
// with nothing. Accounts that all compute much share equally.
const (
	// much and little are processor time in a tick.
	much   = tick / 2
	little = tick / 4
	// calmTicks is how many ticks with little it takes to be served at once again.
	calmTicks = 3
)

// yielding remembers which accounts give way. It belongs to the watch.
type yielding map[ayb.EntitySlug]*yielder

type yielder struct {
	calm int // ticks with little
}

// step takes what each account has used since the last tick, and tells which
// of them give way now, and which do not any more.
func (y yielding) step(used map[ayb.EntitySlug]time.Duration, change func(owner ayb.EntitySlug, yes bool)) {
	for owner, spent := range used {
		if spent >= much && y[owner] == nil {
			y[owner] = &yielder{}
		}
	}
	for owner, s := range y {
		switch spent := used[owner]; {
		case spent >= much:
			// Again and again: its group may be a new one.
			s.calm = 0
			change(owner, true)
		case spent >= little:
			s.calm = 0
		default:
			if s.calm++; s.calm == calmTicks {
				delete(y, owner)
				change(owner, false)
			}
		}
	}
}

// makeWay lets accounts that compute much give way.
func (p *Pool) makeWay(y yielding, daemons []*Daemon, now time.Duration) {
	if p.deps.Groups == nil {
		return // nobody could give it back what it has given up
	}
	used := map[ayb.EntitySlug]time.Duration{}
	for _, d := range daemons {
		used[d.owner()] += d.justUsed(now)
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
