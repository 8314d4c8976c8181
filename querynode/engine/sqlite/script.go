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
	r.out.to = r.pass
	r.enter(0)
	if len(r.body) == 1 {
		sql := r.body[0].SQL
		if st, ok := r.c.cache.get(sql); ok {
			err := r.one(st, 0, true)
			if errors.Is(err, errWriter) { // the schema is another one now
				r.c.cache.delete(sql)
			}
			return err
		}
	}
	p, err := r.check()
	if err != nil {
		return err
	}
	if p.only == nil {
		return r.readScript(p)
	}
	defer p.only.done()
	return r.one(p.only, p.from, true)
}

// check compiles every statement of the body without running any.
func (r *run) check() (plan, error) {
	var p plan
	for i := range r.body {
		r.enter(i)
		if err := r.checkEntry(&p); err != nil || p.only != nil {
			return p, err
		}
	}
	r.enter(0)
	return p, nil
}

// checkEntry compiles the statements of the current entry.
func (r *run) checkEntry(p *plan) error {
	sql := r.body[r.entry].SQL
	if st, ok := r.c.cache.get(sql); ok {
		p.add(st)
		return nil
	}
	t := newText(sql)
	for n, from := 0, 0; from < t.len(); {
		if err := r.arm(); err != nil {
			return err
		}
		st, end, rc := r.c.prepare(t, from, C.AYB_CHECK, n == 0)
		if rc != C.SQLITE_OK {
			return r.failure(rc, from)
		}
		if st == nil {
			from = max(end, from+1)
			continue
		}
		n++
		if err := r.readable(st, n); err != nil {
			st.finalize()
			return err
		}
		p.add(st)
		if n == 1 && !st.txn && !st.sets && blank(t.from(end)) {
			r.c.keep(sql, st)
			if len(r.body) == 1 {
				p.only, p.from = st, from
			} else {
				st.done()
			}
			return nil
		}
		st.finalize()
		from = end
		if r.script() {
			r.at = n
		}
	}
	return nil
}

func (p *plan) add(st *stmt) {
	p.count++
	p.txn = p.txn || st.txn
	if st.columns > 0 {
		p.last = p.count
	}
}

// readable tells whether the n-th statement of an entry can run on a reader.
func (r *run) readable(st *stmt, n int) error {
	switch {
	case st.into:
		return errVacuumInto()
	case !st.reads:
		return errWriter
	case !r.script():
		return inBatch(st, n)
	}
	return nil
}

// inBatch says no to what an entry of a batch cannot be.
func inBatch(st *stmt, n int) error {
	switch {
	case n > 1:
		return errSeveral()
	case st.txn:
		return errTogether()
	}
	return nil
}

// readScript runs several reading statements in one read transaction, or in
// those the body holds itself.
func (r *run) readScript(p plan) error {
	if !p.txn {
		if rc := r.c.exec("BEGIN"); rc != C.SQLITE_OK {
			return r.failure(rc, 0)
		}
	}
	n := 0
	every := r.enc.every()
	err := r.each(C.AYB_FREE, func(s step) (int, error) {
		if !s.st.reads {
			return 0, errWriter
		}
		n++
		r.out.to = r.pass
		if !every && n < p.count {
			r.out.to = r.hold // a later result may take its place
		}
		return s.end, r.one(s.st, s.from, every || n == p.last)
	})
	if err != nil {
		return err
	}
	return r.endScript(!p.txn)
}

// step is a statement whose turn it is.
type step struct {
	st        *stmt
	from, end int  // where it is in the text of the current entry
	only      bool // nothing else is in the body
}

// each compiles the statements of the body one after another and has each run
// before it looks at the next, which may need what the one before made. do
// returns where to go on.
func (r *run) each(mode C.int, do func(step) (int, error)) error {
	for i := range r.body {
		r.enter(i)
		sql := r.body[i].SQL
		if st, ok := r.c.cache.get(sql); ok {
			if _, err := do(step{st, 0, len(sql), len(r.body) == 1}); err != nil {
				return err
			}
			continue
		}
		if err := r.eachOf(newText(sql), mode, do); err != nil {
			return err
		}
	}
	return nil
}

// eachOf does so with the statements of the current entry.
func (r *run) eachOf(t text, mode C.int, do func(step) (int, error)) error {
	n := 0 // that ran
	for from := 0; from < t.len(); {
		if err := r.arm(); err != nil {
			return err
		}
		st, end, rc := r.c.prepare(t, from, mode, n == 0)
		if rc != C.SQLITE_OK {
			return r.failure(rc, from)
		}
		if st == nil {
			from = max(end, from+1)
			continue
		}
		if !r.script() {
			if err := inBatch(st, n+1); err != nil {
				st.finalize()
				return err
			}
		}
		alone := n == 0 && blank(t.from(end))
		if alone {
			r.c.keep(r.body[r.entry].SQL, st)
		}
		next, err := do(step{st, from, end, alone && len(r.body) == 1})
		st.done()
		if err != nil {
			return err
		}
		if next > from {
			n++
			if r.script() {
				r.at = n
			}
		}
		from = next
	}
	if n == 0 {
		return r.empty(ending{rowid: r.now.rowid})
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
	r.out.to = r.hold
	err := r.writeAtomic()
	if !errors.Is(err, errHere) {
		return err
	}
	if !r.script() {
		return errTogether()
	}
	if err := r.startOver(); err != nil {
		return err
	}
	return r.writeSteps()
}

// writeAtomic runs a body in one transaction. A single statement is one by
// itself. errHere means that the body has to run step by step.
func (r *run) writeAtomic() error {
	ours := false
	err := r.each(C.AYB_ATOMIC, func(s step) (int, error) {
		single := !ours && s.only
		switch {
		case s.st.into:
			return 0, errVacuumInto()
		case s.st.vacuum && !single:
			return 0, errHere
		case s.st.vacuum:
			return s.end, r.vacuum(s.st, s.from)
		case single:
			return s.end, r.whole(s.st, s.from)
		case !ours:
			if rc := r.c.exec("BEGIN IMMEDIATE"); rc != C.SQLITE_OK {
				return 0, r.failure(rc, s.from)
			}
			ours = true
			if s.st.pragma { // acts while compiled, so once more, inside
				return s.from, nil
			}
		}
		return s.end, r.one(s.st, s.from, true)
	})
	if err != nil || !ours {
		return err
	}
	return r.endScript(true)
}

// writeSteps runs a body that holds its transactions itself, or has
// statements that cannot run in one.
func (r *run) writeSteps() error {
	err := r.each(C.AYB_FREE, func(s step) (int, error) {
		switch {
		case s.st.into:
			return 0, errVacuumInto()
		case s.st.vacuum:
			return s.end, r.vacuum(s.st, s.from)
		}
		return s.end, r.whole(s.st, s.from)
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
		return r.one(st, from, true)
	}
	if rc := r.c.exec("BEGIN IMMEDIATE"); rc != C.SQLITE_OK {
		return r.failure(rc, from)
	}
	if err := r.one(st, from, true); err != nil {
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
	err := r.one(st, from, false)
	C.sqlite3_limit(r.c.c.db, C.SQLITE_LIMIT_ATTACHED, 0)
	r.c.c.vacuum = 0
	return err
}

// startOver undoes everything a first attempt at a body did, also to the
// connection.
func (r *run) startOver() error {
	r.rollback()
	r.restart()
	if r.c.spoiled() {
		r.slot.shut()
		r.c = nil
		if err := r.db.openWriter(r.slot); err != nil {
			return err
		}
	}
	return r.attach()
}
