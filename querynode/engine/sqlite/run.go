//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// run is one execution of a job, on one connection at a time.
type run struct {
	db   *DB
	job  *Job
	sql  string // text of the body
	sink Sink
	enc  encoder
	out  output
	b    *buffers

	pool *pool // where slot came from
	slot *slot // nil while the run has no connection
	c    *conn

	left   time.Duration // engine time that is left, while the clock stands
	limit  time.Duration // what one call into SQLite may take; 0: what is left
	result bool          // out and spool hold a result
	sent   bool          // part of it has gone to the sink
	spool  spool
}

// buffers are what a run needs while it has a connection.
type buffers struct {
	raw []byte // packed rows
	out []byte
}

func newRun(db *DB, job *Job, sink Sink) (*run, error) {
	enc, err := newEncoder(job.Format)
	if err != nil {
		return nil, err
	}
	return &run{db: db, job: job, sql: job.batch.Statements[0].SQL, sink: sink, enc: enc, left: job.Timeout, spool: spool{dir: db.o.TempDir, used: &db.spooled}}, nil
}

func (r *run) free() {
	r.spool.reset()
	if r.b != nil {
		r.db.buffers.Put(r.b)
	}
}

// run picks the connection: a reader for what only reads, for everything
// else the writer.
func (r *run) run() error {
	if blank(r.sql) {
		return r.deliver()
	}
	if r.job.Mode != ayb.QueryReadWrite || !writes(r.sql) {
		err := r.on(r.db.readers, r.read)
		if !errors.Is(err, errWriter) {
			return err
		}
		if r.job.Mode != ayb.QueryReadWrite {
			return errReadOnly()
		}
		if r.sent { // a function that writes only after many rows
			return errs.E(errs.SQL, "attempt to write a readonly database")
		}
		r.clear()
	}
	return r.onWriter()
}

// on does the work on a connection of a pool and delivers the answer after
// the connection is free again, so that no sink holds it up.
func (r *run) on(p *pool, work func() error) error {
	if err := r.work(p, work); err != nil {
		return err
	}
	return r.deliver()
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
	if r.b == nil {
		r.b = r.db.buffers.Get().(*buffers)
		r.out.buf = r.b.out[:0]
	}
	r.pool, r.slot = p, s
}

// attach makes the job stoppable on the connection of the slot.
func (r *run) attach() error {
	r.c = r.slot.c
	atomic.StoreInt32((*int32)(unsafe.Pointer(&r.c.c.cancel)), 0)
	r.slot.job.Store(r.job)
	if r.db.closing.Load() {
		return errClosing()
	}
	if !r.job.hold(r.c) {
		return stopError(r.job.reason(), r.job.Timeout)
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
	if r.job.Timeout > 0 {
		r.job.deadline.Store(r.db.now() + int64(r.left))
	}
}

func (r *run) pause() {
	if d := r.job.deadline.Load(); d != never {
		r.left = time.Duration(d - r.db.now())
		r.job.deadline.Store(never)
	}
}

// arm prepares the next call into SQLite: it must not take longer than what
// is left, and must not begin at all when the job has to stop.
func (r *run) arm() error {
	if why := r.job.reason(); why != stopNot {
		return stopError(why, r.job.Timeout)
	}
	r.c.c.budget = 0
	if d := r.job.deadline.Load(); d != never {
		left := d - r.db.now()
		if left <= 0 {
			return stopError(stopTimeout, r.job.Timeout)
		}
		r.c.c.budget = C.int64_t(left)
	}
	if r.limit > 0 && (r.c.c.budget == 0 || r.c.c.budget > C.int64_t(r.limit)) {
		r.c.c.budget = C.int64_t(r.limit)
	}
	return nil
}

// reset makes the run as if it had not begun.
func (r *run) reset() {
	r.clear()
	r.left = r.job.Timeout
}

// clear forgets the result so far.
func (r *run) clear() {
	r.out.buf = r.out.buf[:0]
	r.spool.reset()
	r.result = false
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

// stream passes encoded bytes to the sink while the statement stands still.
func (r *run) stream(p []byte) error {
	r.pause()
	r.sent = true
	err := r.sink.Write(p, false)
	r.start()
	return err
}

// deliver ends the answer.
func (r *run) deliver() error {
	if !r.result {
		r.out.to = r.spool.write
		if err := r.enc.begin(&r.out, nil); err != nil {
			return err
		}
		r.enc.end(&r.out)
	}
	if !r.spool.empty() {
		err := r.spool.replay(r.b.raw, func(p []byte) error { return r.sink.Write(p, false) })
		if err != nil {
			return err
		}
	}
	return r.sink.Write(r.out.buf, true)
}

// drain runs a statement whose rows nobody wants.
func (r *run) drain(st *stmt, from int) error {
	if err := r.arm(); err != nil {
		return err
	}
	return r.finished(st, C.ayb_drain(r.c.c, st.s), from)
}

// finished turns the end of a statement into an error, if it is one.
func (r *run) finished(st *stmt, rc C.int, from int) error {
	if rc == C.SQLITE_DONE {
		return nil
	}
	err := r.failure(rc, from)
	C.sqlite3_reset(st.s) // its result is the failure again
	return err
}

// rows runs a statement and makes its result the answer. to takes what does
// not fit into the buffer.
func (r *run) rows(st *stmt, from int, to func([]byte) error) error {
	r.clear()
	r.result = true
	r.out.to = to
	first := C.int(1)
	for {
		if err := r.arm(); err != nil {
			C.sqlite3_reset(st.s)
			return err
		}
		rc := C.ayb_fill(r.c.c, st.s, (*C.uchar)(&r.b.raw[0]), C.int(len(r.b.raw)), first)
		if rc != C.SQLITE_ROW && rc != C.SQLITE_DONE {
			return r.finished(st, rc, from)
		}
		if err := r.encode(st, first == 1); err != nil {
			C.sqlite3_reset(st.s)
			return err
		}
		if rc == C.SQLITE_DONE {
			r.enc.end(&r.out)
			return nil
		}
		first = 0
	}
}

// encode adds what one call of ayb_fill gave.
func (r *run) encode(st *stmt, first bool) error {
	columns := int(r.c.c.columns)
	if first {
		if r.c.c.reprepared != 0 {
			st.names = nil
		}
		if err := r.enc.begin(&r.out, st.columnNames(columns)); err != nil {
			return err
		}
	}
	rest := r.b.raw[:r.c.c.used]
	for range int(r.c.c.rows) {
		for i := range columns {
			var v value
			v, rest = unpack(rest)
			if err := r.enc.cell(&r.out, i, v); err != nil {
				return err
			}
		}
	}
	if r.c.c.big != 0 {
		return r.encodeBig(st, columns)
	}
	if r.c.c.timed != 0 && r.pool == r.db.readers && len(r.out.buf) > 0 {
		return r.out.flush()
	}
	return nil
}

// encodeBig adds the current row cell by cell, straight from SQLite's memory.
func (r *run) encodeBig(st *stmt, columns int) error {
	for i := range columns {
		v, rc := r.c.cell(st, i)
		if rc != C.SQLITE_OK {
			return r.failure(rc, 0)
		}
		if err := r.enc.cell(&r.out, i, v); err != nil {
			return err
		}
	}
	r.c.c.pending = 0
	return nil
}
