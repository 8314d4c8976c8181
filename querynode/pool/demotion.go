package pool

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// An account with a long statement is demoted: the kernel serves all other
// accounts first, and the account gets the rest of the processors. On an idle
// machine that is more than its share. On a full one, an account that got
// almost no processor time has its share back for a moment, so that it makes
// progress. Demoted accounts share equally. Many short statements do not demote
// an account: their client waits for each of them.
const (
	// longRunning is how long a statement may run without output before it
	// counts as long. The pool's clock advances once per tick, so every open
	// statement may seem one tick old.
	longRunning = tick + tick/2
	// minProcessorTime is the least processor time per tick of an account that
	// computes.
	minProcessorTime = tick / 20
	// recoveryTicks is the number of ticks without a long statement after which
	// an account has its share back.
	recoveryTicks = 3
)

// activity is what an account did in one tick.
type activity struct {
	spent          time.Duration // processor time
	longStatement  bool          // a statement had no output for longRunning
	longBackground bool          // so had background work
	otherRequests  bool          // the account had requests besides background work
}

// demotes reports whether the activity demotes the account. The amount of
// processor time says little on a busy machine, so any noticeable amount
// counts. Background work throttles itself in favour of other requests of the
// account; it counts only without such requests, since demotion would slow them
// too.
func (u activity) demotes() bool {
	return (u.longStatement || u.longBackground && !u.otherRequests) && u.spent >= minProcessorTime
}

// demotions holds the demoted accounts, each with its number of ticks without a
// reason. Only watch uses it.
type demotions map[ayb.EntitySlug]int

// update evaluates one tick and calls change for each account that is demoted
// or has its share back.
func (y demotions) update(used map[ayb.EntitySlug]activity, change func(owner ayb.EntitySlug, yes bool)) {
	for owner, u := range used {
		if u.demotes() {
			y[owner] = 0
			change(owner, true) // also when it is demoted: its group may be new
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

// updateDemotions evaluates the activity of all accounts since the last tick.
func (p *Pool) updateDemotions(y demotions, daemons []*Daemon, now time.Duration) {
	if p.deps.Groups == nil {
		return // an unprivileged process could not raise a lowered priority again
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
			p.deps.Log.Warn("could not change the processor share of an account", "entity", string(owner), "err", err)
		}
	})
}

// processorTimeSinceLast is the daemon's processor time since the previous
// call. Only watch calls it.
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

// MaybeBackground is a Receiver that can be for background work, such as a copy
// of the database. Such work throttles itself while the daemon has other
// requests.
type MaybeBackground interface {
	Receiver
	Background() bool
}

// background reports whether the stream is for background work.
func (s *stream) background() bool {
	r, ok := s.recv.(MaybeBackground)
	return ok && r.Background()
}

// observe adds the state of the daemon's streams to u: whether one has run for
// longRunning without output, and whether requests came since the previous
// call. Time that the client takes does not count. Sending a large result does
// not count either, since the client's reading sets its pace. Only watch calls
// it.
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
