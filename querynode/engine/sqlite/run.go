//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/query"
)

// run is one execution of a job, on one connection at a time.
type run struct {
	db   *DB
	job  *Job
	sink Sink
	enc  encoder
	out  output
	b    *buffers

	body  []query.Statement // runs now: all statements, or one of those that are not atomic
	first int               // index of its first among all
	entry int               // the one of body that runs
	at    int               // index of the statement that runs, for errors

	pool *pool // where slot came from
	slot *slot // nil while the run has no connection
	c    *conn

	left  time.Duration // engine time that is left, while the clock stands
	since int64         // when the clock was started
	ticks bool          // it runs
	limit time.Duration // what one call into SQLite may take; 0: what is left

	now, base tally // base is where the body began

	// What is encoded goes the way kept, spool, out. All of kept and the first
	// mark bytes of out belong to bodies that are done; the rest can be
	// dropped if it has to be made again.
	kept      spool
	spool     spool
	mark      int
	streaming bool // the result goes to the sink while the statement runs
	sent      bool // some of it has gone
}

// tally is what a run has come to.
type tally struct {
	spent   time.Duration // engine time
	results int           // in the answer
	size    int64         // bytes of them that have left out
	written int64         // rows
	rowid   int64         // the last insert rowid
}

// buffers are what a run needs while it has a connection.
type buffers struct {
	raw    []byte // packed rows
	params []byte // packed values
	out    []byte
}

func newRun(db *DB, job *Job, sink Sink) (*run, error) {
	enc, err := newEncoder(job.Format)
	if err != nil {
		return nil, err
	}
	s := spool{dir: db.o.TempDir, used: &db.spooled}
	return &run{db: db, job: job, sink: sink, enc: enc, body: job.batch.Statements, left: job.Timeout, kept: s, spool: s}, nil
}

func (r *run) free() {
	r.kept.reset()
	r.spool.reset()
	if r.b == nil {
		return
	}
	if cap(r.b.params) > keptParams {
		r.b.params = nil
	}
	r.db.buffers.Put(r.b)
}

// script tells whether the body is a text of several statements.
func (r *run) script() bool { return r.job.batch.Script }

// compatible tells whether the answer has the compatible form.
func (r *run) compatible() bool { return r.job.Format == query.FormatCompat }

// run runs the whole job.
func (r *run) run() error {
	if !r.job.batch.Atomic {
		return r.oneByOne()
	}
	if err := r.perform(); err != nil {
		return r.told(err)
	}
	return r.deliver()
}

// oneByOne runs statements that are each their own body.
func (r *run) oneByOne() error {
	var failed error
	for i := range r.job.batch.Statements {
		r.body, r.first = r.job.batch.Statements[i:i+1], i
		r.enter(0)
		r.base, r.sent = r.now, false
		if err := r.perform(); err != nil {
			if !r.instead(err) {
				return r.told(err)
			}
			if failed == nil && !r.enc.every() {
				failed = r.told(err) // the answer has no place for it
			}
		}
		if err := r.settle(); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return r.deliver()
}

// instead puts an error in place of a result. It returns false if the error
// ends the job, because it is not only the statement's.
func (r *run) instead(err error) bool {
	e, ok := ofStatement(err)
	if !ok {
		return false
	}
	if !r.sent {
		r.drop()
	}
	rep, ok := r.enc.(reporter)
	if ok {
		if !rep.failed(&r.out, r.base.results, r.sent, e) {
			return false
		}
		r.now.results = r.base.results + 1
	}
	r.now.written, r.now.rowid = r.base.written, r.base.rowid
	r.mark = len(r.out.buf)
	return true
}

// told adds to an error which statement it is about.
func (r *run) told(err error) error {
	if e, ok := ofStatement(err); ok && !r.compatible() {
		return e.With("statement", strconv.Itoa(r.at))
	}
	return err
}

// ofStatement tells whether an error is about one statement.
func ofStatement(err error) (*errs.Error, bool) {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return nil, false
	}
	switch e.Code {
	case errs.SQL, errs.Invalid, errs.TooLarge, errs.Full, errs.ReadOnly, errs.Timeout:
		return e, true
	}
	return nil, false
}

// enter makes an entry of the body the current one.
func (r *run) enter(i int) { r.entry, r.at = i, r.first+i }

// perform runs the body. It picks the connection: a reader for what only
// reads, for everything else the writer.
func (r *run) perform() error {
	if r.nothing() {
		return r.empties()
	}
	if r.job.Mode != ayb.QueryReadWrite || !r.writes() {
		r.streaming = r.streams()
		err := r.work(r.db.readers, r.read)
		r.streaming = false
		if !errors.Is(err, errWriter) {
			return err
		}
		if r.job.Mode != ayb.QueryReadWrite {
			return errReadOnly()
		}
		if r.sent { // a function that writes only after many rows
			return errs.E(errs.SQL, "attempt to write a readonly database")
		}
		r.restart()
	}
	return r.onWriter()
}

// nothing tells whether the body has no statement at all.
func (r *run) nothing() bool {
	for i := range r.body {
		if !blank(r.body[i].SQL) {
			return false
		}
	}
	return true
}

// writes tells whether the body surely writes.
func (r *run) writes() bool {
	for i := range r.body {
		if writes(r.body[i].SQL) {
			return true
		}
	}
	return false
}

// streams tells whether a result may go to the sink before it is complete.
func (r *run) streams() bool {
	return r.maxResult() == 0 && (r.enc.every() || r.job.batch.Atomic)
}

// maxResult is how large the answer may be; 0 is no limit.
func (r *run) maxResult() int64 {
	if r.compatible() || r.job.Format == query.FormatJSON {
		return r.job.ResultBytes
	}
	return 0
}

// work does the work on a connection of a pool.
func (r *run) work(p *pool, work func() error) error {
	if err := r.take(p); err != nil {
		return err
	}
	err := work()
	if err != nil {
		r.rollback()
	}
	r.giveBack()
	return err
}

func (r *run) take(p *pool) error {
	s, err := p.acquire(r.job, r.job.Timeout)
	if err != nil {
		return err
	}
	if p == r.db.writer {
		err = r.db.openWriter(s)
	} else {
		err = r.db.openReader(s, r.job)
	}
	if err != nil {
		p.release(s)
		return err
	}
	r.borrow(p, s)
	if err := r.attach(); err != nil {
		r.giveBack()
		return err
	}
	return nil
}

// borrow lets the run use a connection.
func (r *run) borrow(p *pool, s *slot) {
	r.equip()
	r.pool, r.slot = p, s
}

// equip gives the run its buffers.
func (r *run) equip() {
	if r.b == nil {
		r.b = r.db.buffers.Get().(*buffers)
		r.out.buf = append(r.b.out[:0], r.out.buf...)
	}
}

// attach makes the job stoppable on the connection of the slot.
func (r *run) attach() error {
	r.c = r.slot.c
	atomic.StoreInt32((*int32)(unsafe.Pointer(&r.c.c.cancel)), 0)
	r.c.c.fresh, r.c.c.rowid = 1, C.int64_t(r.now.rowid)
	r.slot.job.Store(r.job)
	if r.db.closing.Load() {
		return errClosing()
	}
	if !r.job.hold(r.c) {
		return stopError(r.job.reason(), r.job)
	}
	r.start()
	r.db.wake()
	return nil
}

// letGo makes the job unstoppable: what follows must not be interrupted.
func (r *run) letGo() {
	r.pause()
	r.job.drop()
	r.slot.job.Store(nil)
}

func (r *run) giveBack() {
	r.letGo()
	if r.c != nil && r.c.spoiled() {
		r.slot.shut()
	}
	r.pool.release(r.slot)
	r.slot, r.c = nil, nil
}

// start lets the clock of engine time run; pause stops it.
func (r *run) start() {
	r.since, r.ticks = r.db.now(), true
	if r.job.Timeout > 0 {
		r.job.deadline.Store(r.since + int64(r.left))
	}
}

func (r *run) pause() {
	if !r.ticks {
		return
	}
	d := time.Duration(r.db.now() - r.since)
	r.now.spent += d
	r.left -= d
	r.ticks = false
	r.job.deadline.Store(never)
}

// arm prepares the next call into SQLite: it must not take longer than what
// is left, and must not begin at all when the job has to stop.
func (r *run) arm() error {
	if why := r.job.reason(); why != stopNot {
		return stopError(why, r.job)
	}
	r.c.c.budget = 0
	if d := r.job.deadline.Load(); d != never {
		left := d - r.db.now()
		if left <= 0 {
			return stopError(stopTimeout, r.job)
		}
		r.c.c.budget = C.int64_t(left)
	}
	if r.limit > 0 && (r.c.c.budget == 0 || r.c.c.budget > C.int64_t(r.limit)) {
		r.c.c.budget = C.int64_t(r.limit)
	}
	return nil
}

// reset makes the run as if its body had not begun.
func (r *run) reset() {
	r.restart()
	r.now = r.base
	r.left = r.job.Timeout - r.base.spent
}

// restart is reset, but the time that was spent counts.
func (r *run) restart() {
	r.drop()
	spent := r.now.spent
	r.now = r.base
	r.now.spent = spent
	r.enter(0)
}

// drop forgets the results of the body so far.
func (r *run) drop() {
	r.out.buf = r.out.buf[:r.mark]
	r.spool.reset()
	r.now.results, r.now.size = r.base.results, r.base.size
}

// rollback undoes what is undone yet, after a failure.
func (r *run) rollback() {
	r.letGo()
	if r.c != nil && !r.c.autocommit() && r.c.exec("ROLLBACK") != C.SQLITE_OK {
		r.c.broken = true
	}
}

// failure is the error of the last call into SQLite.
func (r *run) failure(rc C.int, from int) error {
	return r.c.failure(rc, r.db.o, r.job, from)
}
