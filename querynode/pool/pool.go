// Package pool owns the daemon processes of a query node. It starts a daemon
// for a database on demand, bounds their number, retires idle ones, and kills a
// daemon that does not stop a statement in time. It passes frames to daemons
// and does not read them.
package pool

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Config sizes a pool. All fields are required.
type Config struct {
	// MaxDaemons is the largest number of daemons at a time.
	MaxDaemons int
	// IdleTimeout is how long a daemon without requests is kept.
	IdleTimeout time.Duration
	// StatementTimeout is the longest engine time of a request. A daemon
	// without a sign of life for twice that time plus closeGrace is killed.
	StatementTimeout time.Duration
	// Command returns the program and the arguments of a daemon for one
	// version, its limits, and the seat in which it counts temporary files.
	Command func(v dbfile.Version, own daemonapi.Limits, seat space.Seat) (path string, args []string, err error)
	// Bounds returns the limits of the control group of a daemon with these
	// limits. Required when Deps.Groups is set.
	Bounds func(own daemonapi.Limits) cgroup.Limits
}

// Deps are the pool's collaborators.
type Deps struct {
	Files Resolver
	Log   *slog.Logger
	// Groups holds the control groups of daemons; nil where the host has none.
	Groups *cgroup.Tree
	// Space counts the temporary files of daemons; nil to count none.
	Space *space.Book
}

// Resolver finds the files of a database. The pool calls it while no daemon has
// them open.
type Resolver interface {
	Resolve(p ayb.DatabasePath) (dbfile.Version, error)
	Staged(p ayb.DatabasePath, version string) (dbfile.Version, error)
}

// InstanceKey names the files that one daemon serves: the live version of a
// database, or a staged one.
type InstanceKey struct {
	DB      ayb.DatabasePath
	Version string // empty for the live version
}

// Pool is safe for concurrent use.
type Pool struct {
	cfg  Config
	deps Deps

	clock atomic.Int64 // coarse: nanoseconds since start, advanced by watch
	start time.Time

	mu          sync.Mutex
	daemons     map[InstanceKey]*Daemon
	retiring    map[*Daemon]bool // replaced, and still busy with earlier requests
	crashes     map[InstanceKey]crash
	knownLimits map[ayb.DatabasePath]daemonapi.Limits // last requested limits that differ from the node's own
	closed      bool

	forks   *forker
	stop    chan struct{}
	running sync.WaitGroup // watch, and all goroutines of daemons
}

// tick is the interval of watch.
const tick = 100 * time.Millisecond

// New starts a pool. Close stops it.
func New(cfg Config, deps Deps) *Pool {
	p := &Pool{
		cfg: cfg, deps: deps, start: time.Now(), daemons: map[InstanceKey]*Daemon{},
		retiring: map[*Daemon]bool{}, crashes: map[InstanceKey]crash{}, knownLimits: map[ayb.DatabasePath]daemonapi.Limits{},
		forks: newForker(deps.Log), stop: make(chan struct{}),
	}
	if err := shortenServerTimeSlices(); err != nil {
		deps.Log.Warn("could not shorten the time slices of the server; daemons may delay its answers", "err", err)
	}
	p.running.Add(1)
	go p.watch()
	return p
}

// Get returns the daemon of a database, and starts one when the database has
// none. It does not wait for the start: requests are kept until then. A daemon
// that was started with other limits gets no new requests; its successor starts
// after it. The error is Unavailable when all daemons are busy, or this one has
// too many requests.
func (p *Pool) Get(db ayb.DatabasePath, own daemonapi.Limits) (*Daemon, error) {
	own = clampLimits(own)
	p.mu.Lock()
	defer p.mu.Unlock()
	if own == (daemonapi.Limits{}) {
		delete(p.knownLimits, db)
	} else {
		p.knownLimits[db] = own
	}
	return p.getWithDescriptors(InstanceKey{DB: db}, own, true)
}

// GetStaged is Get for a staged version.
func (p *Pool) GetStaged(db ayb.DatabasePath, version string, own daemonapi.Limits) (*Daemon, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.getWithDescriptors(InstanceKey{db, version}, clampLimits(own), true)
}

// GetForMaintenance is Get for the node's own work. It does not remember the
// limits, so that a later Get with KnownLimits keeps the daemon. It takes no
// share of the account.
func (p *Pool) GetForMaintenance(db ayb.DatabasePath, own daemonapi.Limits) (*Daemon, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.getWithDescriptors(InstanceKey{DB: db}, clampLimits(own), false)
}

// getWithDescriptors is get. When the process has no free descriptors it first
// ends daemons without work. The caller holds p.mu, which is released
// meanwhile.
func (p *Pool) getWithDescriptors(at InstanceKey, own daemonapi.Limits, shared bool) (*Daemon, error) {
	for try := 1; ; try++ {
		d, err := p.get(at, own, shared)
		if !outOfDescriptors(err) || try > descriptorTries {
			return d, err
		}
		p.mu.Unlock()
		freed := p.freeDescriptors()
		p.mu.Lock()
		if !freed {
			return nil, err
		}
	}
}

// get returns a daemon, or starts one; shared applies the account's share. The
// caller holds p.mu.
func (p *Pool) get(at InstanceKey, own daemonapi.Limits, shared bool) (*Daemon, error) {
	if p.closed {
		return nil, errs.E(errs.Unavailable, "The query node is shutting down")
	}
	old := p.daemons[at]
	if old != nil {
		switch closing, full := old.state(); {
		case full:
			return nil, errs.E(errs.Unavailable, "%d statements run or wait for this database, and it can hold no more; try again when some have ended, or ask the operator of this server to raise limits.queries_per_database so that more run at once", old.openStreams())
		case !closing && old.acceptLimits(own):
			return old, nil
		}
	}
	before := old
	if old == nil {
		var err error
		if before, err = p.makeRoomFor(at.DB.Entity, shared); err != nil {
			return nil, err
		}
	}
	d, err := newDaemon(p, at, own, before, p.backoff(at))
	if err != nil {
		return nil, err
	}
	if old != nil {
		p.retireReplaced(old)
	}
	p.daemons[at] = d
	return d, nil
}

// makeRoomFor frees a slot for a daemon of an account when all are taken.
// before is the daemon whose end is to be awaited, or nil. The caller holds
// p.mu.
func (p *Pool) makeRoomFor(owner ayb.EntitySlug, shared bool) (before *Daemon, err error) {
	full := len(p.daemons) >= p.cfg.MaxDaemons
	if !full && !shared {
		return nil, nil
	}
	h := p.countHoldings()
	if shared {
		if err := p.checkShare(owner, h); err != nil {
			return nil, err
		}
	}
	if !full {
		return nil, nil
	}
	return p.freeSlot(owner, h)
}

// forget removes a daemon that has ended.
func (p *Pool) forget(d *Daemon) {
	p.mu.Lock()
	if p.daemons[d.key()] == d {
		delete(p.daemons, d.key())
		if d.noFiles && d.version == "" { // the database is gone
			delete(p.knownLimits, d.db)
		}
	}
	delete(p.retiring, d)
	p.mu.Unlock()
}

// now returns the coarse time since the pool's start. It is never zero.
func (p *Pool) now() time.Duration { return time.Duration(p.clock.Load()) + 1 }

func (p *Pool) watch() {
	defer p.running.Done()
	t := time.NewTicker(tick)
	defer t.Stop()
	giveWay := demotions{}
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
		}
		p.clock.Store(int64(time.Since(p.start)))
		now, daemons := p.now(), p.allDaemons()
		for _, d := range daemons {
			if idle := d.idleSince(); idle > 0 && now-idle > p.cfg.IdleTimeout {
				d.retire()
			}
			if d.stuck(now) {
				d.kill("a statement could not be stopped in time")
			}
			d.cancelStalled(now)
			d.closeOverdue(now)
		}
		p.updateDemotions(giveWay, daemons, now)
		p.forgetCrashes(now)
	}
}

func (p *Pool) allDaemons() []*Daemon {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*Daemon, 0, len(p.daemons)+len(p.retiring))
	for _, d := range p.daemons {
		out = append(out, d)
	}
	for d := range p.retiring {
		out = append(out, d)
	}
	return out
}

// Len returns the number of daemons, including reserved keys.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.daemons)
}

// Close ends all daemons, kills those that do not end by themselves, and waits
// for them.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for _, d := range p.allDaemons() {
		d.close()
	}
	close(p.stop)
	p.running.Wait()
	p.forks.close()
}
