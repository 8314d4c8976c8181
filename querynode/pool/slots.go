package pool

import (
	"errors"
	"syscall"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Which account gets a slot, and which daemon ends for it. Accounts share the slots of a pool. An account may keep as many slots busy as
// are free for the others, so that a few accounts cannot take all. When all slots
// are taken, the account with the most daemons loses an idle one. When no daemon
// is idle, the account with the most busy daemons loses one whose requests all
// wait for their clients, such as a slow import.

// minSharedPool is the smallest pool whose slots are shared by accounts.
const minSharedPool = 4

// holdings are the slots of each account.
type holdings struct {
	all, busy map[ayb.EntitySlug]int
	taken     int // busy slots of all accounts
}

// countHoldings counts all slots. The caller holds p.mu.
func (p *Pool) countHoldings() holdings {
	h := holdings{all: map[ayb.EntitySlug]int{}, busy: map[ayb.EntitySlug]int{}}
	for _, d := range p.daemons {
		h.all[d.owner()]++
		if d.busy() {
			h.busy[d.owner()]++
			h.taken++
		}
	}
	return h
}

// checkShare reports as Unavailable that an account cannot have one more busy
// slot. An account without a busy slot can always have one.
func (p *Pool) checkShare(owner ayb.EntitySlug, h holdings) error {
	if p.cfg.MaxDaemons < minSharedPool || h.busy[owner] == 0 || h.busy[owner] < p.cfg.MaxDaemons-h.taken {
		return nil
	}
	return errs.E(errs.Unavailable, "%d databases of %s are busy at this moment, and one account cannot have more of the %d places for active databases (querynode.max_daemons; the operator can raise it); try again when one of these databases is idle", h.busy[owner], owner, p.cfg.MaxDaemons)
}

// freeSlot closes a daemon in favour of an account when all slots are taken.
// The slot is free when that daemon has ended. The error is Unavailable. The
// caller holds p.mu.
func (p *Pool) freeSlot(owner ayb.EntitySlug, h holdings) (*Daemon, error) {
	if d := p.retireIdle(h); d != nil {
		return d, nil
	}
	if d := p.preemptWaiting(owner, h); d != nil {
		return d, nil
	}
	return nil, errs.E(errs.Unavailable, "All %d places for active databases are busy; try again in a moment", p.cfg.MaxDaemons)
}

// retireIdle retires an idle daemon: the longest idle one of the account with
// the most daemons. It returns nil when all are busy. The caller holds p.mu.
func (p *Pool) retireIdle(h holdings) *Daemon {
	for {
		var victim *Daemon
		var since time.Duration
		for _, d := range p.daemons {
			idle := d.idleSince()
			if idle == 0 {
				continue
			}
			most, mine := 0, h.all[d.owner()]
			if victim != nil {
				most = h.all[victim.owner()]
			}
			if victim == nil || mine > most || mine == most && idle < since {
				victim, since = d, idle
			}
		}
		if victim == nil || victim.retire() {
			return victim
		} // else a request came in between
	}
}

// preemptWaiting closes a daemon whose requests all wait for their clients. It
// chooses the account with the most busy daemons, which must have at
// least two more than owner. It returns nil when there is no such daemon. The caller holds p.mu.
func (p *Pool) preemptWaiting(owner ayb.EntitySlug, h holdings) *Daemon {
	var victim *Daemon
	for _, d := range p.daemons {
		mine := h.busy[d.owner()]
		if mine > h.busy[owner]+1 && (victim == nil || mine > h.busy[victim.owner()]) && d.waitsForClients() {
			victim = d
		}
	}
	if victim == nil || !victim.preempt() {
		return nil
	}
	p.deps.Log.Info("closed a daemon whose requests waited for their clients", "db", victim.db.String())
	return victim
}

// busy reports whether the daemon has requests and is not closing.
func (d *Daemon) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.closing && d.idle == 0
}

// waitsForClients reports whether all requests of the daemon wait for their
// clients to send or read.
func (d *Daemon) waitsForClients() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.allWaitForClients()
}

// allWaitForClients is waitsForClients. The caller holds d.mu.
func (d *Daemon) allWaitForClients() bool {
	if d.closing || len(d.streams) == 0 {
		return false
	}
	for _, s := range d.streams {
		if s.waitsForDaemon() {
			return false
		}
	}
	return true
}

// preempt closes a daemon whose requests all wait for their clients. They fail
// with the reason. It returns false when a request does not wait any more.
func (d *Daemon) preempt() bool {
	d.mu.Lock()
	if !d.allWaitForClients() {
		d.mu.Unlock()
		return false
	}
	d.closing = true
	d.closeReason = errs.E(errs.Unavailable, "The request waited for its client while another account needed its place, and was stopped: the databases of %s have most of the places for active databases; send data faster, or fewer requests at once", d.db.Entity)
	d.mu.Unlock()
	d.conn.Close()
	return true
}

// outOfDescriptors reports whether an error says that no descriptor is free.
func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// When no descriptor is free, up to descriptorTries idle daemons end, one at a
// time. The pool waits up to descriptorWait for the end of each.
const (
	descriptorTries = 3
	descriptorWait  = 2 * time.Second
)

// freeDescriptors ends an idle daemon and waits until its descriptors are free.
// It returns false when no daemon is idle.
func (p *Pool) freeDescriptors() bool {
	p.mu.Lock()
	d := p.retireIdle(p.countHoldings())
	p.mu.Unlock()
	if d == nil {
		return false
	}
	t := time.NewTimer(descriptorWait)
	defer t.Stop()
	select {
	case <-d.done:
	case <-t.C:
	}
	return true
}
