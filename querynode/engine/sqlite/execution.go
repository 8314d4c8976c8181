//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// execution is one execution of a job, on one connection at a time.
type execution struct {
	db   *DB
	job  *engine.Job
	sink engine.Sink
	enc  encode.Encoder
	out  encode.Output
	b    *buffers

	body  []daemonapi.Statement // all statements, or a single one that is not atomic
	first int                   // index of its first statement among all
	entry int                   // index of the running statement within body
	at    int                   // index of the running statement, for errors, or noStatement

	thread   *background // the thread for SQLite; may be nil
	throttle *throttle   // pauses for callers; may be nil

	pool *pool // the pool of slot
	slot *slot // nil while there is no connection
	c    *conn

	left  time.Duration // remaining engine time while the clock is stopped
	since int64         // when the clock was started
	ticks bool          // the clock runs
	limit time.Duration // time limit of one call into SQLite; 0: the remaining time

	now, base tally // base is the tally at the beginning of the body

	// Encoded bytes pass through kept, spool and out. All of kept and the first
	// mark bytes of out belong to finished bodies; the rest can be dropped and
	// encoded again.
	kept      spool
	spool     spool
	mark      int
	streaming bool // the result is sent while the statement runs
	sent      bool // part of it was sent
}

// noStatement is the index while the body is being committed.
const noStatement = -1

// tally is the progress of a run.
type tally struct {
	spent   time.Duration // engine time
	results int           // results in the answer
	size    int64         // bytes of results that have left out
	written int64         // rows written
	rowid   int64         // the last insert rowid

	inserted bool // rowid is set
}

// buffers are the buffers of a run while it has a connection.
type buffers struct {
	raw    []byte // packed rows
	params []byte // packed values
	out    []byte
}

func newExecution(db *DB, job *engine.Job, sink engine.Sink) (*execution, error) {
	enc, err := encode.New(job.Format)
	if err != nil {
		return nil, err
	}
	s := spool{dir: db.o.TempDir, used: &db.spooled, space: db}
	return &execution{db: db, job: job, sink: sink, enc: enc, body: job.Batch.Statements, left: job.Timeout, kept: s, spool: s}, nil
}

func (r *execution) free() {
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

// withConnection runs work on a connection of a pool.
func (r *execution) withConnection(p *pool, work func() error) error {
	if err := r.acquire(p); err != nil {
		return err
	}
	err := work()
	if err != nil {
		r.rollback()
		if p == r.db.writer && r.c != nil {
			C.ayb_trim(r.c.c)
		}
	}
	r.release()
	return err
}

func (r *execution) acquire(p *pool) error {
	s, err := p.acquire(r.job, r.job.Timeout)
	if err != nil {
		return err
	}
	r.useSlot(p, s)
	if err := r.open(); err != nil {
		p.release(s)
		r.slot = nil
		return err
	}
	if err := r.attach(); err != nil {
		r.release()
		return err
	}
	return nil
}

// open opens the connection of the slot.
func (r *execution) open() error {
	if r.pool == r.db.writer {
		return r.db.openWriter(r.slot)
	}
	return r.db.openReader(r.slot, r.job)
}

// useSlot makes the run use a connection.
func (r *execution) useSlot(p *pool, s *slot) {
	r.getBuffers()
	r.pool, r.slot = p, s
}

// getBuffers gets buffers for the run.
func (r *execution) getBuffers() {
	if r.b == nil {
		r.b = r.db.buffers.Get().(*buffers)
		r.out.Buf = append(r.b.out[:0], r.out.Buf...)
	}
}

// attach makes the job stoppable on the connection of the slot.
func (r *execution) attach() error {
	r.c = r.slot.c
	atomic.StoreInt32((*int32)(unsafe.Pointer(&r.c.c.cancel)), 0)
	r.c.c.fresh, r.c.c.rowid = 1, C.int64_t(r.now.rowid)
	r.slot.job.Store(r.job)
	if r.db.closing.Load() {
		return engine.ErrClosing()
	}
	if !r.job.Attach(r.c) {
		return engine.StopError(r.job.Reason(), r.job)
	}
	r.startClock()
	r.db.wake()
	return nil
}

// detach makes the job unstoppable, for work that must not be interrupted.
func (r *execution) detach() {
	r.stopClock()
	r.job.Detach()
	r.slot.job.Store(nil)
}

func (r *execution) release() {
	r.detach()
	if r.c != nil {
		r.c.used = true
		if r.c.spoiled() {
			r.slot.closeConn()
		}
	}
	r.pool.release(r.slot)
	r.slot, r.c = nil, nil
}

// reset puts the run back to the beginning of its body.
func (r *execution) reset() {
	r.restart()
	r.now = r.base
	r.left = r.job.Timeout - r.base.spent
}

// restart is reset, except that the used time counts.
func (r *execution) restart() {
	r.dropResults()
	spent := r.now.spent
	r.now = r.base
	r.now.spent = spent
	r.setEntry(0)
}

// dropResults drops the results of the body so far.
func (r *execution) dropResults() {
	r.out.Buf = r.out.Buf[:r.mark]
	r.spool.reset()
	r.now.results, r.now.size = r.base.results, r.base.size
}

// rollback rolls an open transaction back after a failure.
func (r *execution) rollback() {
	r.detach()
	if r.c != nil && !r.c.autocommit() && r.c.exec("ROLLBACK") != C.SQLITE_OK {
		r.c.broken = true
	}
}

// failure returns the error of the last call into SQLite.
func (r *execution) failure(rc C.int, from int) error {
	return r.c.failure(rc, r.db.o, r.job, from)
}
