package pool

import (
	"errors"
	"syscall"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// The places of a pool are shared by accounts. None keeps more of them busy than
// are left for the others, so that a few cannot have all of them. When all are
// taken, one without work is given to who needs it, of the account that has
// most; when there is none, that account loses what only waits for its client,
// such as an import that trickles, to one that has less.

// minSharedPool is the size of a pool from which places are shared.
const minSharedPool = 4

// countHoldings are what accounts have of a pool.
type holdings struct {
	all, busy map[ayb.EntitySlug]int
	taken     int // busy, of all accounts
}

// countHoldings counts. The caller holds p.mu.
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

// checkShare tells whether an account may have one more busy place; one that has
// none may have one, if there is any. The error is
// Unavailable.
func (p *Pool) checkShare(owner ayb.EntitySlug, h holdings) error {
	if p.cfg.MaxDaemons < minSharedPool || h.busy[owner] == 0 || h.busy[owner] < p.cfg.MaxDaemons-h.taken {
		return nil
	}
	return errs.E(errs.Unavailable, "%d databases of %s are busy at this moment, which is the share of one account in the %d places for active databases (querynode.max_daemons; the operator can raise it); try again when one of them has nothing to do", h.busy[owner], owner, p.cfg.MaxDaemons)
}

// freeSlot ends a daemon for one of an account, when all places are taken; its
// place is free once it has ended. The error is Unavailable. The caller holds
// p.mu.
func (p *Pool) freeSlot(owner ayb.EntitySlug, h holdings) (*Daemon, error) {
	if d := p.retireIdle(h); d != nil {
		return d, nil
	}
	if d := p.preemptWaiting(owner, h); d != nil {
		return d, nil
	}
	return nil, errs.E(errs.Unavailable, "All %d places for active databases are busy; try again in a moment", p.cfg.MaxDaemons)
}

// retireIdle retires the daemon that has idled longest of those of the account that
// has most. It is nil when all are busy. The caller holds p.mu.
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
		} // else it has become busy just now
	}
}

// preemptWaiting ends a daemon all of whose requests wait for their clients, of the
// account that has most of those with more than another one. It is nil when
// there is none. The caller holds p.mu.
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
	p.deps.Log.Info("requests that waited for their client gave way", "db", victim.db.String())
	return victim
}

// busy tells whether the daemon works or is to work. One that is ending is not.
func (d *Daemon) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.closing && d.idle == 0
}

// waitsForClients tells whether nothing can go on here before a client sends or
// reads something.
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

// niceIncrement ends a daemon all of whose requests wait for their clients, and tells
// these why; false when one does not wait any more.
func (d *Daemon) preempt() bool {
	d.mu.Lock()
	if !d.allWaitForClients() {
		d.mu.Unlock()
		return false
	}
	d.closing = true
	d.closeReason = errs.E(errs.Unavailable, "The request waited for its client while another account needed its place, and was given up: the databases of %s have most of the places for active databases; send data faster, or fewer requests at once", d.db.Entity)
	d.mu.Unlock()
	d.conn.Close()
	return true
}

// outOfDescriptors tells whether an error says that there are no more descriptors.
func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

const (
	// descriptorTries is how often a daemon without work is ended for the descriptors
	// it holds, and descriptorWait how long that is waited for.
	descriptorTries = 3
	descriptorWait  = 2 * time.Second
)

// freeDescriptors ends a daemon without work, so that its descriptors are free, and waits
// for that; false when there is none.
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
