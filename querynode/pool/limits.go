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

// sane brings limits into their bounds. Zero stays the node's own.
func sane(l daemonapi.Limits) daemonapi.Limits {
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
	at := Place{DB: db}
	if d := p.earlier(at); d != nil {
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
	for _, d := range []*Daemon{p.daemons[Place{DB: db}], p.earlier(Place{DB: db})} {
		if d != nil {
			n += d.open()
		}
	}
	return n
}

// earlier is the daemon of a place that has been replaced and still works;
// there is one at most, for its successor starts after it. The caller holds
// p.mu.
func (p *Pool) earlier(at Place) *Daemon {
	for d := range p.retiring {
		if leaving, _ := d.state(); d.place() == at && !leaving {
			return d
		}
	}
	return nil
}

// replace retires a daemon that has a successor. The caller holds p.mu.
func (p *Pool) replace(d *Daemon) {
	if d.retireAfter(p.now()) {
		p.retiring[d] = true
	}
}

// Known gives the limits of a database that were asked for last; zero values
// are the node's own.
func (p *Pool) Known(db ayb.DatabasePath) daemonapi.Limits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[db]
}

// take tells whether the daemon has these limits, or can still be started with
// them.
func (d *Daemon) take(own daemonapi.Limits) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.fixed {
		d.own = own
	}
	return d.own == own
}

// fix gives the limits to start with, which do not change any more. From now on
// the daemon has to show that it lives.
func (d *Daemon) fix() daemonapi.Limits {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fixed = true
	for _, s := range d.streams {
		s.sign = d.pool.now()
	}
	return d.own
}

// open is how many streams the daemon has.
func (d *Daemon) open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.streams)
}

// retireAfter ends the daemon when its last stream has ended, and tells whether
// there is one.
func (d *Daemon) retireAfter(now time.Duration) (working bool) {
	d.mu.Lock()
	if working = !d.going && len(d.streams) > 0; working {
		d.retired = now
	} else {
		d.going = true
	}
	d.mu.Unlock()
	if !working && d.conn != nil { // nil for what only keeps a place
		d.conn.Close()
	}
	return working
}

// hurry ends a replaced daemon whose streams take longer than any statement
// may: somebody reads an answer slowly, and everybody else waits.
func (d *Daemon) hurry(now time.Duration) {
	d.mu.Lock()
	longest := d.pool.cfg.StatementTimeout
	for _, s := range d.streams {
		longest = max(longest, s.timeout)
	}
	late := d.retired > 0 && !d.going && now-d.retired > longest+closeGrace
	d.mu.Unlock()
	if late {
		d.leave()
	}
}
