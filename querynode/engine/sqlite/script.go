//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import "errors"

// plan is what a look at a whole body found.
type plan struct {
	only  *stmt // the body is this one statement, which can run at once
	from  int   // where it starts
	count int   // statements
	last  int   // number of the last one that has columns
	txn   bool  // the body holds its transactions itself
}

// read runs a body on a reader, or says errWriter.
func (r *run) read() error {
	sql := r.sql
	if st, ok := r.c.cache.get(sql); ok {
		err := r.rows(st, 0, r.stream)
		if errors.Is(err, errWriter) { // the schema is another one now
			r.c.cache.delete(sql)
		}
		return err
	}
	t := newText(sql)
	p, err := r.check(t)
	if err != nil {
		return err
	}
	if p.only == nil {
		return r.readScript(t, p)
	}
	st := p.only
	r.c.keep(sql, st)
	defer st.done()
	return r.one(st, p.from, true, r.stream)
}

// check compiles every statement of a body without running any.
func (r *run) check(t text) (plan, error) {
	var p plan
	for from := 0; from < t.len(); {
		if err := r.arm(); err != nil {
			return p, err
		}
		st, end, rc := r.c.prepare(t, from, C.AYB_CHECK, p.count == 0)
		if rc != C.SQLITE_OK {
			return p, r.failure(rc, from)
		}
		if st == nil {
			from = max(end, from+1)
			continue
		}
		if st.into || !st.reads {
			into := st.into
			st.finalize()
			if into {
				return p, errVacuumInto()
			}
			return p, errWriter
		}
		p.count++
		p.txn = p.txn || st.txn
		if st.columns > 0 {
			p.last = p.count
		}
		if p.count == 1 && !st.txn && !st.sets && blank(t.from(end)) {
			p.only, p.from = st, from
			return p, nil
		}
		st.finalize()
		from = end
	}
	return p, nil
}

// readScript runs several reading statements in one read transaction, or in
// those the body holds itself.
func (r *run) readScript(t text, p plan) error {
	if !p.txn {
		if rc := r.c.exec("BEGIN"); rc != C.SQLITE_OK {
			return r.failure(rc, 0)
		}
	}
	n := 0
	err := r.each(t, C.AYB_FREE, func(st *stmt, from, end int) (int, error) {
		if !st.reads {
			return 0, errWriter
		}
		n++
		if n == p.count {
			return end, r.one(st, from, n == p.last, r.stream)
		}
		return end, r.one(st, from, n == p.last, r.spool.write)
	})
	if err != nil {
		return err
	}
	return r.endScript(!p.txn)
}

// one runs one statement; wanted says that its rows, if it can have any, are
// the answer.
func (r *run) one(st *stmt, from int, wanted bool, to func([]byte) error) error {
	if st.columns == 0 || !wanted {
		return r.drain(st, from)
	}
	return r.rows(st, from, to)
}

// each compiles the statements of a body one after another and has each run
// before it looks at the next, which may need what the one before made. do
// returns where to go on.
func (r *run) each(t text, mode C.int, do func(st *stmt, from, end int) (int, error)) error {
	for from := 0; from < t.len(); {
		if err := r.arm(); err != nil {
			return err
		}
		st, end, rc := r.c.prepare(t, from, mode, from == 0)
		if rc != C.SQLITE_OK {
			return r.failure(rc, from)
		}
		if st == nil {
			from = max(end, from+1)
			continue
		}
		next, err := do(st, from, end)
		st.done()
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// endScript commits our transaction, or makes sure that the body left none.
func (r *run) endScript(ours bool) error {
	r.letGo() // from here on the answer is decided by SQLite alone
	if ours {
		if rc := r.c.exec("COMMIT"); rc != C.SQLITE_OK {
			return r.failure(rc, 0)
		}
		return nil
	}
	if !r.c.autocommit() {
		return errLeftOpen()
	}
	return nil
}

// write runs a body on the writer: in one transaction if that is possible.
// Whether it is, SQLite's own parser finds out on the way; nothing has been
// answered by then, so the body can start over (Q4).
func (r *run) write() error {
	r.c.c.fresh = 1
	if st, ok := r.c.cache.get(r.sql); ok {
		return r.whole(st, 0)
	}
	t := newText(r.sql)
	err := r.writeAtomic(t)
	if !errors.Is(err, errHere) {
		return err
	}
	if err := r.startOver(); err != nil {
		return err
	}
	return r.writeSteps(t)
}

// writeAtomic runs a body in one transaction. A single statement is one by
// itself. errHere means that the body has to run step by step.
func (r *run) writeAtomic(t text) error {
	ours := false
	err := r.each(t, C.AYB_ATOMIC, func(st *stmt, from, end int) (int, error) {
		single := !ours && blank(t.from(end))
		switch {
		case st.into:
			return 0, errVacuumInto()
		case st.vacuum && !single:
			return 0, errHere
		case st.vacuum:
			return end, r.vacuum(st, from)
		case single:
			r.c.keep(r.sql, st)
			return end, r.whole(st, from)
		case !ours:
			if rc := r.c.exec("BEGIN IMMEDIATE"); rc != C.SQLITE_OK {
				return 0, r.failure(rc, from)
			}
			ours = true
			if st.pragma { // acts while compiled, so once more, inside
				return from, nil
			}
		}
		return end, r.one(st, from, true, r.spool.write)
	})
	if err != nil || !ours {
		return err
	}
	return r.endScript(true)
}

// writeSteps runs a body that holds its transactions itself, or has
// statements that cannot run in one.
func (r *run) writeSteps(t text) error {
	err := r.each(t, C.AYB_FREE, func(st *stmt, from, end int) (int, error) {
		switch {
		case st.into:
			return 0, errVacuumInto()
		case st.vacuum:
			return end, r.vacuum(st, from)
		}
		return end, r.whole(st, from)
	})
	if err != nil {
		return err
	}
	return r.endScript(false)
}

// whole runs one statement so that it happens completely or not at all, also
// when it is stopped among its rows: SQLite makes all changes of a statement
// with RETURNING before the first row, and commits them when it is reset.
func (r *run) whole(st *stmt, from int) error {
	if st.columns == 0 || st.pragma || !r.c.autocommit() {
		return r.one(st, from, true, r.spool.write)
	}
	if rc := r.c.exec("BEGIN IMMEDIATE"); rc != C.SQLITE_OK {
		return r.failure(rc, from)
	}
	if err := r.one(st, from, true, r.spool.write); err != nil {
		return err // and the caller rolls back
	}
	if rc := r.c.exec("COMMIT"); rc != C.SQLITE_OK {
		return r.failure(rc, from)
	}
	return nil
}

// vacuum runs a VACUUM, which attaches a temporary file of its own; nothing
// else ever may.
func (r *run) vacuum(st *stmt, from int) error {
	r.c.c.vacuum = 1
	C.sqlite3_limit(r.c.c.db, C.SQLITE_LIMIT_ATTACHED, 1)
	err := r.drain(st, from)
	C.sqlite3_limit(r.c.c.db, C.SQLITE_LIMIT_ATTACHED, 0)
	r.c.c.vacuum = 0
	return err
}

// startOver undoes everything a first attempt at a body did, also to the
// connection.
func (r *run) startOver() error {
	r.rollback()
	r.clear()
	if r.c.spoiled() {
		r.slot.shut()
		r.c = nil
		if err := r.db.openWriter(r.slot); err != nil {
			return err
		}
	}
	if err := r.attach(); err != nil {
		return err
	}
	r.c.c.fresh = 1
	return nil
}
