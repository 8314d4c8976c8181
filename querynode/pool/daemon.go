package pool

import (
	"fmt"
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
	"github.com/ayb-go/ayb/shared/mux"
)

// Receiver takes what a daemon sends on one stream: Data, Credit, and at the
// end exactly one Final or Fail. It is called on the daemon's read loop, one
// frame after another, and must not block; the payload is valid during the
// call only.
type Receiver interface {
	Receive(k mux.Kind, payload []byte)
}

// Daemon is one process, starting, running or ending. It is safe for
// concurrent use.
type Daemon struct {
	pool    *Pool
	db      ayb.DatabasePath
	version string // empty for the live one
	conn    *socketpair.Conn
	done    chan struct{} // closed when the process has ended

	group             *cgroup.Group // nil without; for the goroutine of run
	seat              space.Seat    // for the goroutine of run
	noFiles           bool          // there was no database; for who ends the daemon
	processorTimeSeen time.Duration // processor time at the last look; for the watch

	mu           sync.Mutex
	limits       daemonapi.Limits // those of its database; fixed once it has been launched
	limitsFixed  bool
	replacedAt   time.Duration // pool time since when another one is to follow; 0 never
	streams      map[uint32]*stream
	last         uint32
	lastObserved uint32        // last, when the watch looked
	closing      bool          // takes no new streams
	idle         time.Duration // pool time since when there are no streams; 0 while there are
	cause        string        // why it was killed, for those who wait
	closeReason  error         // what they are told instead, of one that gave way
	answered     bool          // it has answered something
	proc         *os.Process   // nil until started
}

// stream is what the pool must know of one request to see that it is stuck.
type stream struct {
	recv     Receiver
	lastSign time.Duration // pool time of the last sign of life
	timeout  time.Duration // the longest engine time
	credit   int           // what the daemon may still send
	sent     int           // bytes sent to the daemon that it has not granted again
	complete bool          // the request is complete
}

// waitsForDaemon tells whether the daemon has to go on, and not its client: it may send,
// and the rest of the request does not fail to come. A daemon that reads grants
// half a window at a time.
func (s *stream) waitsForDaemon() bool {
	return s.credit > 0 && (s.complete || s.sent >= mux.Window/2)
}

// closeGrace is how long a daemon may take to end by itself.
const closeGrace = 5 * time.Second

// stalledAfter is longer than a control plane waits for a client that reads
// nothing.
const stalledAfter = 90 * time.Second

// maxStreams and maxUnread bound what the node keeps for a daemon that does
// not answer or does not read. A daemon that does refuses before that.
const (
	maxStreams = 1024
	maxUnread  = 32 << 20
)

// newDaemon makes a daemon and starts its process in the background, after
// the one before has ended: two never open one database, and a place is taken
// once. The caller holds p.mu.
func newDaemon(p *Pool, at InstanceKey, own daemonapi.Limits, before *Daemon, pause time.Duration) (*Daemon, error) {
	ours, theirs, err := socketpair.Pair()
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The query node has no room for another database; try again later")
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

// waitBackoff waits before a start, but not when the pool is being closed.
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

// serve is the whole life of the process.
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
		d.pool.deps.Log.Error("daemon not started", "db", d.db.String(), "err", err)
		d.conn.Close()
		d.failStreams(err)
		return
	}
	if err := d.conn.Run(d.receive); err != nil {
		d.pool.deps.Log.Error("daemon broke the protocol", "db", d.db.String(), "err", err)
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

// files finds what the daemon is to serve.
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
		return nil, nil, errs.Wrap(errs.Unavailable, err, "The query node has no place for another database of %s; try again later", d.owner())
	}
	path, args, err := d.pool.cfg.Command(v, own, d.seat)
	if err != nil {
		return nil, nil, errs.Wrap(errs.Engine, err, "The query daemon could not be started; tell the operator")
	}
	stderr := &tail{}
	cmd := exec.Command(path, args...) //nolint:noctx // its life is the daemon's, ended by kill
	cmd.Env = []string{}               // nothing of ours is the daemon's business
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{theirs}
	if counters := d.pool.deps.Space.File(); counters != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, counters)
	}
	cmd.Stderr = stderr
	cmd.WaitDelay = closeGrace // whoever else may hold its stderr open
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

// exitError says what became of the process to those who still wait.
func (d *Daemon) exitError(werr error, stderr string) error {
	d.mu.Lock()
	cause, useful, told := d.cause, d.answered, d.closeReason
	d.mu.Unlock()
	if told != nil {
		return told
	}
	if werr == nil && cause == "" {
		return errs.E(errs.Engine, "The query daemon ended while the statement ran; check whether a change was made before you repeat it")
	}
	if cause == "" {
		cause = "it crashed"
	}
	d.pool.recordCrash(d.key(), useful)
	d.pool.deps.Log.Error("daemon died", "db", d.db.String(), "cause", cause, "err", werr, "stderr", stderr)
	return errs.Wrap(errs.Engine, werr, "The query daemon was stopped while the statement ran (%s); check whether a change was made before you repeat it", cause)
}

// Open starts a stream on the daemon; payload is the request or its first
// part, and timeout the longest engine time it asks for, zero for the node's
// own. ok is false when the daemon takes no more requests: get another one.
func (d *Daemon) Open(k mux.Kind, payload []byte, timeout time.Duration, recv Receiver) (id uint32, ok bool) {
	now := d.pool.now()
	d.mu.Lock()
	if d.closing {
		d.mu.Unlock()
		return 0, false
	}
	d.last++
	for d.last == 0 || d.streams[d.last] != nil {
		d.last++
	}
	id = d.last
	d.streams[id] = &stream{recv: recv, lastSign: now, timeout: max(timeout, d.pool.cfg.StatementTimeout), credit: mux.Window, complete: k == mux.OpenFinal}
	d.idle = 0
	d.mu.Unlock()
	d.conn.Send(k, id, payload)
	return id, true
}

// Cork keeps what is sent to the daemon back until Uncork, for one who is about
// to send several frames: the daemon then wakes up for all of them once.
func (d *Daemon) Cork() { d.conn.Cork() }

// Uncork ends a Cork.
func (d *Daemon) Uncork() { d.conn.Uncork() }

// Send passes a frame of an open stream on. It is dropped when the stream has
// ended.
func (d *Daemon) Send(k mux.Kind, id uint32, payload []byte) {
	d.mu.Lock()
	s := d.streams[id]
	if s != nil {
		s.lastSign = d.pool.now()
		if n, ok := mux.CreditOf(payload); ok && k == mux.Credit {
			s.credit += n
		}
		if k == mux.Data || k == mux.Final {
			s.sent += len(payload)
		}
		s.complete = s.complete || k == mux.Final
	}
	d.mu.Unlock()
	if s != nil {
		d.conn.Send(k, id, payload)
	}
}

// receive hands a frame of the daemon to its stream.
func (d *Daemon) receive(f mux.Frame) {
	now := d.pool.now()
	d.mu.Lock()
	s := d.streams[f.Stream]
	if s == nil {
		d.mu.Unlock()
		return
	}
	if f.Kind == mux.Data || f.Kind == mux.Final {
		if s.credit -= len(f.Payload); s.credit < 0 {
			d.mu.Unlock()
			d.kill("it sent more than was asked of it")
			return
		}
	}
	switch f.Kind {
	case mux.Final, mux.Fail:
		d.answered = true
		delete(d.streams, f.Stream)
		if len(d.streams) == 0 {
			d.idle = now
			if d.replacedAt > 0 {
				d.closing = true
				defer d.conn.Close()
			}
		}
	case mux.Data:
		s.lastSign = now
	case mux.Credit:
		n, ok := mux.CreditOf(f.Payload)
		if s.sent -= n; !ok || n == 0 || s.sent < 0 {
			d.mu.Unlock()
			d.kill("it granted what was never sent to it")
			return
		}
	default:
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	s.recv.Receive(f.Kind, f.Payload)
}

// state tells whether the daemon takes no more requests, for good or for now.
func (d *Daemon) state() (leaving, full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closing, !d.closing && (len(d.streams) >= maxStreams || d.conn.PendingBytes() > maxUnread)
}

// idleSince is the pool time since when nothing is asked of a daemon that
// could be; 0 when it is busy or ending.
func (d *Daemon) idleSince() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closing {
		return 0
	}
	return d.idle
}

// retire ends an idle daemon; false when it has become busy.
func (d *Daemon) retire() bool {
	d.mu.Lock()
	if d.closing || len(d.streams) > 0 {
		d.mu.Unlock()
		return false
	}
	d.closing = true
	d.mu.Unlock()
	d.conn.Close() // the daemon sees the end of its channel
	return true
}

// close lets the daemon end, whatever it does.
func (d *Daemon) close() {
	d.mu.Lock()
	d.closing = true
	d.mu.Unlock()
	if d.conn != nil { // nil for what only keeps a place
		d.conn.Close()
	}
}

// stuck tells whether a stream has shown no sign of life for too long while
// the daemon could go on.
func (d *Daemon) stuck(now time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.streams {
		if d.limitsFixed && s.waitsForDaemon() && now-s.lastSign > 2*s.timeout+closeGrace {
			return true
		}
	}
	return false
}

// cancelStalled cancels streams whose readers have taken nothing for so long
// that nobody can be there any more: each holds a reader of its database.
func (d *Daemon) cancelStalled(now time.Duration) {
	var ids []uint32
	d.mu.Lock()
	for id, s := range d.streams {
		if s.credit <= 0 && now-s.lastSign > stalledAfter {
			s.lastSign = now
			ids = append(ids, id)
		}
	}
	d.mu.Unlock()
	for _, id := range ids {
		d.conn.Send(mux.Cancel, id, nil)
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

// failStreams fails what is still open.
func (d *Daemon) failStreams(err error) {
	d.mu.Lock()
	d.closing = true
	streams := d.streams
	d.streams = map[uint32]*stream{}
	d.mu.Unlock()
	if len(streams) == 0 {
		return
	}
	payload := errs.Marshal(err)
	for _, s := range streams {
		s.recv.Receive(mux.Fail, payload)
	}
}

// tail keeps the last bytes written to it: a dying process says why at the end.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailSize; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%q", t.buf)
}
