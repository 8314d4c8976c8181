//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"

	"github.com/ayb-go/ayb/querynode/engine"
)

// endTransaction commits the engine's transaction, or rolls back what the body
// left open.
func (r *execution) endTransaction(ours bool) error {
	r.detach() // from here on, SQLite alone decides
	if ours {
		if rc := r.c.exec("COMMIT"); rc != C.SQLITE_OK {
			r.at = noStatement
			return errCommit(rc, r.failure(rc, 0))
		}
		return nil
	}
	if !r.c.autocommit() {
		return errLeftOpen()
	}
	return nil
}

// beginTransaction begins the transaction of a body.
func (r *execution) beginTransaction(from int) error {
	sql := "BEGIN IMMEDIATE"
	if r.c.reader {
		sql = "BEGIN"
	}
	if rc := r.c.exec(sql); rc != C.SQLITE_OK {
		return r.failure(rc, from)
	}
	return nil
}

// runInTransaction runs a body on the writer, or for a read-only caller on a reader,
// where SQLite rejects changes. It uses one transaction if possible. Whether
// that is possible turns out while SQLite compiles the statements. Nothing has
// been answered by then, so the body can start over.
func (r *execution) runInTransaction() error {
	r.out.Next = r.retain
	err := r.runAtomic()
	ends := errors.Is(err, errEnds)
	switch {
	case !ends && !errors.Is(err, errHere):
		return err
	case !r.isScript():
		return errTogether()
	case ends && r.at > 0: // stepwise, earlier statements would stay
		return errNotBegun()
	}
	if err := r.startOver(); err != nil {
		return err
	}
	return r.runStepwise()
}

// runAtomic runs a body in one transaction. A single statement is one by
// itself. errHere means that the body has to run stepwise.
func (r *execution) runAtomic() error {
	ours := false
	err := r.eachStatement(C.AYB_ATOMIC, func(s step) (int, error) {
		single := !ours && s.only
		switch {
		case s.st.into:
			return 0, errVacuumInto()
		case r.c.reader && s.st.refusedToReaders():
			return 0, engine.ErrReadOnly()
		case s.st.vacuum && !single:
			return 0, errHere
		case s.st.vacuum:
			return s.end, r.runVacuum(s.st, s.from)
		case single:
			return s.end, r.runAllOrNothing(s.st, s.from)
		case !ours:
			if err := r.beginTransaction(s.from); err != nil {
				return 0, err
			}
			ours = true
			if s.st.pragma { // takes effect while it is compiled: again, inside
				return s.from, nil
			}
		}
		return s.end, r.runStatement(s.st, s.from, true)
	})
	if err != nil || !ours {
		return err
	}
	return r.endTransaction(true)
}

// runStepwise runs a body with transactions of its own, or with statements that
// cannot run in one.
func (r *execution) runStepwise() error {
	err := r.eachStatement(C.AYB_FREE, func(s step) (int, error) {
		switch {
		case s.st.into:
			return 0, errVacuumInto()
		case r.c.reader && s.st.refusedToReaders():
			return 0, engine.ErrReadOnly()
		case s.st.vacuum:
			return s.end, r.runVacuum(s.st, s.from)
		}
		return s.end, r.runAllOrNothing(s.st, s.from)
	})
	if err != nil {
		return err
	}
	return r.endTransaction(false)
}

// runAllOrNothing runs one statement so that it happens completely or not at
// all, also when it is stopped among its rows: SQLite makes all changes of a
// statement with RETURNING before the first row, and commits them at its reset.
func (r *execution) runAllOrNothing(st *stmt, from int) error {
	if st.columns == 0 || st.pragma || !r.c.autocommit() {
		return r.runStatement(st, from, true)
	}
	if err := r.beginTransaction(from); err != nil {
		return err
	}
	if err := r.runStatement(st, from, true); err != nil {
		return err // and the caller rolls back
	}
	if rc := r.c.exec("COMMIT"); rc != C.SQLITE_OK {
		return r.failure(rc, from)
	}
	return nil
}

// runVacuum runs a VACUUM. It attaches a temporary file, which no other
// statement may do.
func (r *execution) runVacuum(st *stmt, from int) error {
	r.c.c.vacuum = 1
	C.sqlite3_limit(r.c.c.db, C.SQLITE_LIMIT_ATTACHED, 1)
	err := r.runStatement(st, from, false)
	C.sqlite3_limit(r.c.c.db, C.SQLITE_LIMIT_ATTACHED, 0)
	r.c.c.vacuum = 0
	return err
}

// startOver undoes a first attempt at a body, also its effects on the
// connection.
func (r *execution) startOver() error {
	r.rollback()
	r.restart()
	if r.c.spoiled() {
		r.slot.closeConn()
		r.c = nil
		if err := r.open(); err != nil {
			return err
		}
	}
	return r.attach()
}
