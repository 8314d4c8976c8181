//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"

int sqlite3_bind_int64(sqlite3_stmt *, int, sqlite3_int64);
int sqlite3_bind_value(sqlite3_stmt *, int, const sqlite3_value *);
sqlite3_value *sqlite3_column_value(sqlite3_stmt *, int);
*/
import "C"

import (
	"github.com/ayb-go/ayb/querynode/engine/encode"
)

// cursor is a statement of the engine that reads the schema cell by cell, so
// that several can be open at once. Time limit and cancellation are those of
// the run, and the tenant policy applies.
type cursor struct {
	r  *execution
	st *stmt
}

func (r *execution) openCursor(sql string) (*cursor, error) {
	if err := r.setBudget(); err != nil {
		return nil, err
	}
	st, _, rc := r.c.prepare(newText(sql), 0, C.AYB_CHECK, false)
	if rc != C.SQLITE_OK {
		return nil, r.failure(rc, 0)
	}
	return &cursor{r, st}, nil
}

func (l *cursor) close() {
	if l != nil {
		l.st.finalize()
	}
}

// bindInt sets ?1.
func (l *cursor) bindInt(n int64) error {
	return l.bindResult(C.sqlite3_bind_int64(l.st.s, 1, C.sqlite3_int64(n)))
}

// bind sets ?1 to a cell of the current row of another cursor.
func (l *cursor) bind(from *cursor, i int) error {
	return l.bindResult(C.sqlite3_bind_value(l.st.s, 1, C.sqlite3_column_value(from.st.s, C.int(i))))
}

func (l *cursor) bindResult(rc C.int) error {
	if rc != C.SQLITE_OK {
		return l.r.failure(rc, 0)
	}
	return nil
}

// eachFor is each with ?1 set to the first cell of the current row of another
// cursor.
func (l *cursor) eachFor(from *cursor, do func(*cursor) error) error {
	if err := l.bind(from, 0); err != nil {
		return err
	}
	return l.each(do)
}

// each runs the statement and calls do for each row. It can be run again.
func (l *cursor) each(do func(*cursor) error) error {
	defer C.sqlite3_reset(l.st.s)
	for {
		more, err := l.step()
		if err != nil || !more {
			return err
		}
		if err := do(l); err != nil {
			return err
		}
	}
}

func (l *cursor) step() (more bool, err error) {
	if err := l.r.setBudget(); err != nil {
		return false, err
	}
	c := l.r.c.c
	c.refusal, c.expired, c.start = 0, 0, 0
	switch rc := C.sqlite3_step(l.st.s); rc {
	case C.SQLITE_ROW:
		return true, nil
	case C.SQLITE_DONE:
		return false, nil
	default:
		return false, l.r.failure(rc, 0)
	}
}

func (l *cursor) integer(i int) int64 { return int64(C.sqlite3_column_int64(l.st.s, C.int(i))) }

func (l *cursor) null(i int) bool { return C.sqlite3_column_type(l.st.s, C.int(i)) == C.SQLITE_NULL }

// text returns a copy of a cell. It is empty without memory; the next step
// returns that error.
func (l *cursor) text(i int) string {
	v, rc := l.r.c.cell(l.st, i)
	if rc != C.SQLITE_OK {
		return ""
	}
	return string(v.Data)
}

// write adds a cell to the answer, as a JSON string or null.
func (l *cursor) write(o *encode.Output, i int) error {
	v, rc := l.r.c.cell(l.st, i)
	if rc != C.SQLITE_OK {
		return l.r.failure(rc, 0)
	}
	if v.Kind == encode.Null {
		o.Buf = append(o.Buf, "null"...)
		return o.FlushIfFull()
	}
	return encode.AppendJSONText(o, v.Data)
}
