//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"github.com/ayb-go/ayb/querynode/engine/encode"
)

// step is the statement to be run next.
type step struct {
	st        *stmt
	from, end int  // position in the text of the current entry
	only      bool // it is the only statement of the body, and SQLite undoes it when it fails
}

// eachStatement compiles and runs the statements of the body one after another,
// because a statement may need what its predecessor created. do returns where
// to continue.
func (r *execution) eachStatement(mode C.int, do func(step) (int, error)) error {
	for i := range r.body {
		r.setEntry(i)
		sql := r.body[i].SQL
		if st, ok := r.c.cache.get(sql); ok {
			if _, err := do(step{st, 0, len(sql), r.undoesItself()}); err != nil {
				return err
			}
			continue
		}
		if err := r.eachStatementOf(newText(sql), mode, do); err != nil {
			return err
		}
	}
	return nil
}

// eachStatementOf does so for the current entry.
func (r *execution) eachStatementOf(t text, mode C.int, do func(step) (int, error)) error {
	n := 0 // number of statements
	for from := 0; from < t.len(); {
		if err := r.setBudget(); err != nil {
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
		if !r.isScript() {
			if err := checkBatchEntry(st, n+1); err != nil {
				st.finalize()
				return err
			}
		}
		nothing := blank(t.from(end)) // the rest of the text is empty
		if nothing && r.entry == len(r.body)-1 {
			if err := r.c.checkHasEffect(st); err != nil {
				st.finalize()
				return err
			}
		}
		alone := n == 0 && nothing
		if alone {
			r.c.keep(r.body[r.entry].SQL, st)
		}
		next, err := do(step{st, from, end, alone && r.undoesItself()})
		st.done()
		if err != nil {
			return err
		}
		if next > from {
			n++
			if r.isScript() {
				r.at = n
			}
		}
		from = next
	}
	if n == 0 {
		return r.addEmptyResult(encode.Outcome{Rowid: r.now.rowid, Inserted: r.now.inserted})
	}
	return nil
}
