package pool

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// The bounds of what may be asked for a database: whatever a control plane
// says, a daemon can work with it and does not take the machine.
const (
	MaxQueries       = 64
	MinHeapBytes     = 1 << 20
	MaxHeapBytes     = 64 << 30
	MinDatabaseBytes = 64 << 10
	MaxDatabaseBytes = 16 << 40
)

// clampLimits brings limits into their bounds. Zero stays the node's own.
func clampLimits(l daemonapi.Limits) daemonapi.Limits {
	if l.DatabaseBytes != 0 {
		l.DatabaseBytes = min(max(l.DatabaseBytes, MinDatabaseBytes), MaxDatabaseBytes)
	}
	if l.HeapBytes != 0 {
		l.HeapBytes = min(max(l.HeapBytes, MinHeapBytes), MaxHeapBytes)
	}
	if l.Queries != 0 {
		l.Queries = min(max(l.Queries, 1), MaxQueries)
	}
	return l
}

// Running gives the daemon that runs the statements of a database, nil when
// there is none; it starts nothing. While a daemon with other limits is waited
// for it is the one before, where statements may run.
func (p *Pool) Running(db ayb.DatabasePath) *Daemon {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := InstanceKey{DB: db}
	if d := p.predecessor(at); d != nil {
		return d
	}
	if d := p.daemons[at]; d != nil {
		if leaving, _ := d.state(); !leaving {
			return d
		}
	}
	return nil
}

// Requests tells how many requests on a database run or wait.
func (p *Pool) Requests(db ayb.DatabasePath) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, d := range []*Daemon{p.daemons[InstanceKey{DB: db}], p.predecessor(InstanceKey{DB: db})} {
		if d != nil {
			n += d.openStreams()
		}
	}
	return n
}

// predecessor is the daemon of a place that has been replaced and still works;
// there is one at most, for its successor starts after it. The caller holds
// p.mu.
func (p *Pool) predecessor(at InstanceKey) *Daemon {
	for d := range p.retiring {
		if leaving, _ := d.state(); d.key() == at && !leaving {
			return d
		}
	}
	return nil
}

// retireReplaced retires a daemon that has a successor. The caller holds p.mu.
func (p *Pool) retireReplaced(d *Daemon) {
	if d.closeAfterStreams(p.now()) {
		p.retiring[d] = true
	}
}

// KnownLimits gives the limits of a database that were asked for last; zero values
// are the node's own.
func (p *Pool) KnownLimits(db ayb.DatabasePath) daemonapi.Limits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.knownLimits[db]
}

// acceptLimits tells whether the daemon has these limits, or can still be started with
// them.
func (d *Daemon) acceptLimits(own daemonapi.Limits) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.limitsFixed {
		d.limits = own
	}
	return d.limits == own
}

// fixLimits gives the limits to start with, which do not change any more. From now on
// the daemon has to show that it lives.
func (d *Daemon) fixLimits() daemonapi.Limits {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limitsFixed = true
	for _, s := range d.streams {
		s.lastSign = d.pool.now()
	}
	return d.limits
}

// openStreams is how many streams the daemon has.
func (d *Daemon) openStreams() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.streams)
}

// closeAfterStreams ends the daemon when its last stream has ended, and tells whether
// there is one.
func (d *Daemon) closeAfterStreams(now time.Duration) (working bool) {
	d.mu.Lock()
	if working = !d.closing && len(d.streams) > 0; working {
		d.replacedAt = now
	} else {
		d.closing = true
	}
	d.mu.Unlock()
	if !working && d.conn != nil { // nil for what only keeps a place
		d.conn.Close()
	}
	return working
}

// closeOverdue ends a replaced daemon whose streams take longer than any statement
// may: somebody reads an answer slowly, and everybody else waits.
func (d *Daemon) closeOverdue(now time.Duration) {
	d.mu.Lock()
	longest := d.pool.cfg.StatementTimeout
	for _, s := range d.streams {
		longest = max(longest, s.timeout)
	}
	late := d.replacedAt > 0 && !d.closing && now-d.replacedAt > longest+closeGrace
	d.mu.Unlock()
	if late {
		d.close()
	}
}
