package pool

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Bounds of the limits of a database. The pool clamps every request of a
// control plane to them, so that a daemon can work and does not take the whole
// machine.
const (
	MaxQueries       = 64
	MinHeapBytes     = 1 << 20
	MaxHeapBytes     = 64 << 30
	MinDatabaseBytes = 64 << 10
	MaxDatabaseBytes = 16 << 40
)

// clampLimits brings limits into their bounds. Zero stays the node's own limit.
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

// Running returns the daemon that runs the statements of a database, or nil. It
// starts no daemon. While a replaced daemon still works, it is that one.
func (p *Pool) Running(db ayb.DatabasePath) *Daemon {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := InstanceKey{DB: db}
	if d := p.predecessor(at); d != nil {
		return d
	}
	if d := p.daemons[at]; d != nil {
		if closing, _ := d.state(); !closing {
			return d
		}
	}
	return nil
}

// Requests returns the number of requests that run or wait on a database.
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

// predecessor is the replaced daemon of a key that still works, or nil. A key
// has at most one, since the successor starts after its end. The caller holds
// p.mu.
func (p *Pool) predecessor(at InstanceKey) *Daemon {
	for d := range p.retiring {
		if closing, _ := d.state(); d.key() == at && !closing {
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

// KnownLimits returns the last requested limits of a database. Zero values are
// the node's own limits.
func (p *Pool) KnownLimits(db ayb.DatabasePath) daemonapi.Limits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.knownLimits[db]
}

// acceptLimits reports whether the daemon has these limits, or can still start
// with them.
func (d *Daemon) acceptLimits(own daemonapi.Limits) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.limitsFixed {
		d.limits = own
	}
	return d.limits == own
}

// fixLimits returns the limits to start with. They do not change afterwards,
// and from now on the daemon has to show signs of life.
func (d *Daemon) fixLimits() daemonapi.Limits {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limitsFixed = true
	for _, s := range d.streams {
		s.lastSign = d.pool.now()
	}
	return d.limits
}

// openStreams is the number of the daemon's streams.
func (d *Daemon) openStreams() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.streams)
}

// closeAfterStreams closes the daemon when its last stream ends, and reports
// whether it has streams.
func (d *Daemon) closeAfterStreams(now time.Duration) (working bool) {
	d.mu.Lock()
	if working = !d.closing && len(d.streams) > 0; working {
		d.replacedAt = now
	} else {
		d.closing = true
	}
	d.mu.Unlock()
	if !working && d.conn != nil { // nil for a placeholder
		d.conn.Close()
	}
	return working
}

// closeOverdue closes a replaced daemon whose streams take longer than any
// statement may. Its successor, and the requests for it, wait.
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
