//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"math"
	"unsafe"

	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/errs"
)

// runStatement runs one statement; wanted means that its rows, if any, are part
// of the answer. In an answer with one result, the last wanted one is used.
func (r *execution) runStatement(st *stmt, from int, wanted bool) error {
	params, n, err := r.pack(st)
	if err != nil {
		return err
	}
	if err := r.flushTextIndexes(st, from); err != nil {
		return err
	}
	if r.c.reader && !st.reads {
		if err := r.allowTempWrites(st.tempOnly, from); err != nil {
			return err
		}
	}
	p := (*C.uchar)(unsafe.SliceData(params))
	if st.columns == 0 || !wanted {
		return r.drain(st, from, p, n)
	}
	return r.runRows(st, from, p, n)
}

// flushTextIndexes lets full-text indexes write the delayed changes of earlier
// statements of the transaction. Otherwise a statement that changes the schema
// would write them and report their number of rows as its own.
func (r *execution) flushTextIndexes(st *stmt, from int) error {
	if !st.schema || r.c.autocommit() {
		return nil
	}
	if rc := r.c.exec("SAVEPOINT ayb; RELEASE ayb"); rc != C.SQLITE_OK {
		return r.failure(rc, from)
	}
	return nil
}

// drain runs a statement whose rows are not part of the answer.
func (r *execution) drain(st *stmt, from int, p *C.uchar, n int) error {
	if err := r.setBudget(); err != nil {
		return err
	}
	r.watchRowid(st)
	if rc := C.ayb_drain(r.c.c, st.s, p, C.int(n)); rc != C.SQLITE_DONE {
		return r.statementFailed(st, rc, from)
	}
	outcome := r.outcome()
	if err := r.checkAffected(outcome); err != nil {
		return err
	}
	return r.addEmptyResult(outcome)
}

// checkAffected returns a Conflict if the statement did not affect as many rows as
// its request expects.
func (r *execution) checkAffected(o encode.Outcome) error {
	if r.entry >= len(r.body) { // the node's own statements have no body
		return nil
	}
	want := r.body[r.entry].Expect
	if want == nil || *want == o.Affected {
		return nil
	}
	return errs.E(errs.Conflict, "The statement affected %d rows in place of the expected %d, so nothing of it was kept", o.Affected, *want)
}

// statementFailed returns the error of a failed statement and resets it.
func (r *execution) statementFailed(st *stmt, rc C.int, from int) error {
	err := r.failure(rc, from)
	C.ayb_reset(r.c.c, st.s) // its result is the same failure
	return err
}

// watchRowid makes the next call detect whether the statement inserts a row.
func (r *execution) watchRowid(st *stmt) {
	if st.inserts {
		r.c.c.marks = 1
	}
}

// outcome records the effects of a finished statement.
func (r *execution) outcome() encode.Outcome {
	r.now.written += int64(r.c.c.written)
	r.now.rowid = int64(r.c.c.rowid)
	r.now.inserted = r.now.inserted || r.c.c.inserted != 0
	return encode.Outcome{Affected: int64(r.c.c.affected), Rowid: r.now.rowid, Inserted: r.now.inserted, Truncated: r.c.c.truncated != 0}
}

// runRows runs a statement and encodes its rows as a result.
func (r *execution) runRows(st *stmt, from int, p *C.uchar, n int) error {
	if !r.enc.EveryResult() {
		r.dropResults()
	}
	r.c.c.wanted = math.MaxInt64
	if most := r.job.Batch.MaxRows; most > 0 {
		r.c.c.wanted = C.int64_t(most)
	}
	r.watchRowid(st)
	first := C.int(1)
	for {
		if err := r.setBudget(); err != nil {
			C.ayb_reset(r.c.c, st.s)
			return err
		}
		rc := r.fill(st, first, p, n)
		if rc != C.SQLITE_ROW && rc != C.SQLITE_DONE {
			return r.statementFailed(st, rc, from)
		}
		if err := r.encode(st, first == 1); err != nil {
			C.ayb_reset(r.c.c, st.s)
			return err
		}
		if rc == C.SQLITE_DONE {
			outcome := r.outcome()
			if err := r.checkAffected(outcome); err != nil {
				return err
			}
			r.enc.End(&r.out, outcome)
			if err := r.checkResultSize(); err != nil {
				return err
			}
			return r.resultDone()
		}
		if err := r.checkResultSize(); err != nil {
			C.ayb_reset(r.c.c, st.s)
			return err
		}
		first = 0
	}
}

// fill lets SQLite produce rows.
func (r *execution) fill(st *stmt, first C.int, p *C.uchar, n int) (rc C.int) {
	if r.thread == nil {
		return C.ayb_fill(r.c.c, st.s, (*C.uchar)(&r.b.raw[0]), C.int(len(r.b.raw)), first, p, C.int(n))
	}
	r.thread.do(func() {
		rc = C.ayb_fill(r.c.c, st.s, (*C.uchar)(&r.b.raw[0]), C.int(len(r.b.raw)), first, nil, 0)
	})
	return rc
}

// encode adds the rows of one call of ayb_fill.
func (r *execution) encode(st *stmt, first bool) error {
	columns := int(r.c.c.columns)
	if first {
		if r.c.c.reprepared != 0 {
			st.described = nil
		}
		if err := r.enc.Begin(&r.out, r.now.results, st.describe(columns)); err != nil {
			return err
		}
	}
	rest := r.b.raw[:r.c.c.used]
	for range int(r.c.c.rows) {
		for i := range columns {
			var v encode.Value
			v, rest = unpack(rest)
			if err := r.enc.Cell(&r.out, i, v); err != nil {
				return err
			}
		}
	}
	if r.c.c.big != 0 {
		return r.encodeBig(st, columns)
	}
	if r.c.c.timed != 0 && r.streaming && len(r.out.Buf) > 0 {
		return r.out.Flush()
	}
	return nil
}

// encodeBig adds the current row cell by cell, directly from SQLite's memory.
func (r *execution) encodeBig(st *stmt, columns int) error {
	for i := range columns {
		v, rc := r.c.cell(st, i)
		if rc != C.SQLITE_OK {
			return r.failure(rc, 0)
		}
		if err := r.enc.Cell(&r.out, i, v); err != nil {
			return err
		}
	}
	r.c.c.pending = 0
	return nil
}
