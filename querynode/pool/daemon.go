package pool

import (
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/socketpair"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Daemon is one process: starting, running or ending. It is safe for concurrent
// use.
type Daemon struct {
	pool    *Pool
	db      ayb.DatabasePath
	version string // empty for the live version
	conn    *socketpair.Conn
	done    chan struct{} // closed when the process has ended

	group             *cgroup.Group // nil without groups; used by runProcess only
	seat              space.Seat    // used by runProcess only
	noFiles           bool          // the database has no files; used by the goroutine that ends the daemon
	processorTimeSeen time.Duration // processor time at the previous tick; used by watch only

	mu           sync.Mutex
	limits       daemonapi.Limits // of its database; fixed when the process starts
	limitsFixed  bool
	replacedAt   time.Duration // pool time since when a successor waits; 0 without one
	streams      map[uint32]*stream
	last         uint32        // number of the newest stream
	lastObserved uint32        // last at the previous tick
	closing      bool          // accepts no new streams
	idle         time.Duration // pool time of the end of the last stream; 0 while there are streams
	cause        string        // why it was killed, for those who wait
	closeReason  error         // the error of its streams when it was preempted
	answered     bool          // it has answered a request
	proc         *os.Process   // nil until started
}

// closeGrace is how long a daemon may take to end by itself.
const closeGrace = 5 * time.Second

// newDaemon makes a daemon and starts its process in the background, after the
// end of the previous daemon. Two daemons never open one database, and a slot
// is used once. The caller holds p.mu.
func newDaemon(p *Pool, at InstanceKey, own daemonapi.Limits, before *Daemon, pause time.Duration) (*Daemon, error) {
	ours, theirs, err := socketpair.Pair()
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The query node could not open a channel to another database; try again later")
	}
	conn, err := socketpair.New(ours)
	if err != nil {
		return nil, err
	}
	d := &Daemon{pool: p, db: at.DB, version: at.Version, limits: own, conn: conn, done: make(chan struct{}), streams: map[uint32]*stream{}, idle: p.now()}
	p.running.Add(1)
	go func() {
		defer p.running.Done()
		if before != nil {
			<-before.done
		}
		d.waitBackoff(pause)
		d.runProcess(theirs)
	}()
	return d, nil
}

// waitBackoff delays a start, except while the pool closes.
func (d *Daemon) waitBackoff(pause time.Duration) {
	if pause == 0 {
		return
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-d.pool.stop:
	}
}

// runProcess starts the process, reads its frames, and waits for its end.
func (d *Daemon) runProcess(theirs *os.File) {
	defer close(d.done)
	defer d.pool.forget(d)
	defer func() { d.seat.Leave() }()
	cmd, stderr, err := d.startProcess(theirs)
	for try := 1; outOfDescriptors(err) && try <= descriptorTries && d.pool.freeDescriptors(); try++ {
		cmd, stderr, err = d.startProcess(theirs)
	}
	_ = theirs.Close() // the child has its own
	if err != nil {
		d.pool.deps.Log.Error("could not start a query daemon", "db", d.db.String(), "err", err)
		d.conn.Close()
		d.failStreams(err)
		return
	}
	if err := d.conn.Run(d.receive); err != nil {
		d.pool.deps.Log.Error("could not read the frames of a query daemon", "db", d.db.String(), "err", err)
		d.kill("its answers could not be read")
	}
	d.close()
	timer := time.AfterFunc(closeGrace, func() { d.kill("it did not end in time") })
	werr := cmd.Wait()
	timer.Stop()
	d.leaveGroup()
	d.failStreams(d.exitError(werr, stderr.String()))
}

func (d *Daemon) key() InstanceKey { return InstanceKey{d.db, d.version} }

// files finds the files that the daemon serves.
func (d *Daemon) files() (dbfile.Version, error) {
	if d.version != "" {
		return d.pool.deps.Files.Staged(d.db, d.version)
	}
	return d.pool.deps.Files.Resolve(d.db)
}

func (d *Daemon) startProcess(theirs *os.File) (*exec.Cmd, *tail, error) {
	v, err := d.files()
	if err != nil {
		d.noFiles = true
		return nil, nil, err
	}
	own := d.fixLimits()
	if d.seat, err = d.pool.deps.Space.Enter(string(d.owner())); err != nil {
		return nil, nil, errs.Wrap(errs.Unavailable, err, "The query node cannot count the temporary files of another database of %s; try again later", d.owner())
	}
	path, args, err := d.pool.cfg.Command(v, own, d.seat)
	if err != nil {
		return nil, nil, errs.Wrap(errs.Engine, err, "The query daemon could not be started; tell the operator")
	}
	stderr := &tail{}
	cmd := exec.Command(path, args...) //nolint:noctx // the daemon outlives any request; kill ends it
	cmd.Env = []string{}               // it needs none, and must not see the server's
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{theirs}
	if counters := d.pool.deps.Space.File(); counters != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, counters)
	}
	cmd.Stderr = stderr
	cmd.WaitDelay = closeGrace // another process may hold its stderr open
	cmd.SysProcAttr = childAttr()
	if err := d.fork(cmd, own); err != nil {
		return nil, nil, errs.Wrap(errs.Unavailable, err, "The query daemon could not be started; try again later")
	}
	d.mu.Lock()
	d.proc = cmd.Process
	killed := d.cause != ""
	d.mu.Unlock()
	if killed {
		_ = cmd.Process.Kill() // it may have ended
	}
	return cmd, stderr, nil
}

// exitError is the error for the streams that are still open when the process
// ends.
func (d *Daemon) exitError(werr error, stderr string) error {
	d.mu.Lock()
	cause, answered, reason := d.cause, d.answered, d.closeReason
	d.mu.Unlock()
	if reason != nil {
		return reason
	}
	if werr == nil && cause == "" {
		return errs.E(errs.Engine, "The query daemon ended while the statement ran; check whether a change was made before you repeat it")
	}
	if cause == "" {
		cause = "it crashed"
	}
	d.pool.recordCrash(d.key(), answered)
	d.pool.deps.Log.Error("a query daemon was stopped or crashed", "db", d.db.String(), "cause", cause, "err", werr, "stderr", stderr)
	return errs.Wrap(errs.Engine, werr, "The query daemon was stopped while the statement ran (%s); check whether a change was made before you repeat it", cause)
}

// retire closes an idle daemon. It returns false when the daemon has become
// busy.
func (d *Daemon) retire() bool {
	d.mu.Lock()
	if d.closing || len(d.streams) > 0 {
		d.mu.Unlock()
		return false
	}
	d.closing = true
	d.mu.Unlock()
	d.conn.Close() // the daemon then ends by itself
	return true
}

// close lets the daemon end, even while it is busy.
func (d *Daemon) close() {
	d.mu.Lock()
	d.closing = true
	d.mu.Unlock()
	if d.conn != nil { // nil for a placeholder
		d.conn.Close()
	}
}

func (d *Daemon) kill(cause string) {
	d.setCause(cause)
	d.mu.Lock()
	proc := d.proc
	d.mu.Unlock()
	if proc != nil {
		_ = proc.Kill() // it may have ended
	}
}
