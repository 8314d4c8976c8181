// Package pool owns the daemon processes of a query node: it starts one for a
// database when it is needed, keeps at most so many, retires those that idle,
// and kills those that do not stop a statement in time. It knows how to reach
// a daemon, not what is said there.
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
	// MaxDaemons is how many daemons run at once.
	MaxDaemons int
	// IdleTimeout is how long a daemon without requests is kept.
	IdleTimeout time.Duration
	// StatementTimeout is the longest engine time of a request; a daemon that
	// gives no sign for twice that long, and a little more, is killed.
	StatementTimeout time.Duration
	// Command gives the program and arguments of a daemon for one version with
	// limits of its own, which counts its temporary files in a seat.
	Command func(v dbfile.Version, own daemonapi.Limits, seat space.Seat) (path string, args []string, err error)
	// Bounds gives what the control group of such a daemon is bounded by.
	// Needed only with groups.
	Bounds func(own daemonapi.Limits) cgroup.Limits
}

// Deps are the pool's collaborators.
type Deps struct {
	Files Resolver
	Log   *slog.Logger
	// Groups is where daemons are put; nil where the host has no place.
	Groups *cgroup.Tree
	// Space is where daemons count their temporary files; nil for nowhere.
	Space *space.Book
}

// Resolver finds the files of a database, live or staged. It is called while no
// daemon of them runs.
type Resolver interface {
	Resolve(p ayb.DatabasePath) (dbfile.Version, error)
	Staged(p ayb.DatabasePath, version string) (dbfile.Version, error)
}

// InstanceKey is what one daemon serves: the live version of a database, or one that
// is staged.
type InstanceKey struct {
	DB      ayb.DatabasePath
	Version string // empty for the live one
}

// Pool is safe for concurrent use.
type Pool struct {
	cfg  Config
	deps Deps

	clock atomic.Int64 // coarse: nanoseconds since start, moved by watch
	start time.Time

	mu          sync.Mutex
	daemons     map[InstanceKey]*Daemon
	retiring    map[*Daemon]bool // replaced, and still at what they were asked before
	crashes     map[InstanceKey]crash
	knownLimits map[ayb.DatabasePath]daemonapi.Limits // that were asked for last, where they are not the node's own
	closed      bool

	forks   *forker
	stop    chan struct{}
	running sync.WaitGroup // watch, and every daemon's goroutines
}

// tick is how often idle and stuck daemons are looked for.
const tick = 100 * time.Millisecond

// New starts a pool. Close ends it.
func New(cfg Config, deps Deps) *Pool {
	p := &Pool{
		cfg: cfg, deps: deps, start: time.Now(), daemons: map[InstanceKey]*Daemon{},
		retiring: map[*Daemon]bool{}, crashes: map[InstanceKey]crash{}, knownLimits: map[ayb.DatabasePath]daemonapi.Limits{},
		forks: newForker(deps.Log), stop: make(chan struct{}),
	}
	if err := shortenServerTimeSlices(); err != nil {
		deps.Log.Warn("the server is as important as its daemons", "err", err)
	}
	p.running.Add(1)
	go p.watch()
	return p
}

// Get gives the daemon of a database, starting one if there is none. It does
// not wait for the start: what is sent before is kept. A daemon that was started
// with other limits gets nothing new to do, and one with these follows when it
// has ended. The error is Unavailable when all daemons are busy, or this one has
// too much to do.
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

// GetForMaintenance is Get for the node's own work, with limits that are not remembered:
// those that are KnownLimits start no other daemon.
func (p *Pool) GetForMaintenance(db ayb.DatabasePath, own daemonapi.Limits) (*Daemon, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.getWithDescriptors(InstanceKey{DB: db}, clampLimits(own), false)
}

// getWithDescriptors is get; where there are no descriptors left it takes those of daemons
// without work. The caller holds p.mu, which is not held meanwhile.
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

// get is Get; shared says that the account has a share only. The caller holds
// p.mu.
func (p *Pool) get(at InstanceKey, own daemonapi.Limits, shared bool) (*Daemon, error) {
	if p.closed {
		return nil, errs.E(errs.Unavailable, "The query node is shutting down")
	}
	old := p.daemons[at]
	if old != nil {
		switch leaving, full := old.state(); {
		case full:
			return nil, errs.E(errs.Unavailable, "%d statements run or wait for this database, which is as many as may; try again, or ask the operator of this server to raise limits.queries_per_database so that more run at once", old.openStreams())
		case !leaving && old.acceptLimits(own):
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

// makeRoomFor makes room for a daemon of an account, and gives the one that has to end
// for it, if any. The caller holds p.mu.
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

// forget forgets a daemon that has ended.
func (p *Pool) forget(d *Daemon) {
	p.mu.Lock()
	if p.daemons[d.key()] == d {
		delete(p.daemons, d.key())
		if d.noFiles && d.version == "" { // what is known of a database goes with it
			delete(p.knownLimits, d.db)
		}
	}
	delete(p.retiring, d)
	p.mu.Unlock()
}

// now is the coarse time since the pool's start, never zero.
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

// Len tells how many daemons there are, and databases that are held.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.daemons)
}

// Close ends all daemons, killing those that do not end by themselves, and
// waits for them.
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
