//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"strings"
	"time"
	"unsafe"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Load runs work, whose changes happen together or, after an error, not at all.
// It waits for the writer like any write, and other writes wait for it; reads
// do not. The tenant's policy and limits apply, except the time limit of a
// statement. Foreign keys do not act and are checked at the end; triggers fire.
// The batch and the format of the job are ignored. The loader is invalid after
// Load. remarks are sentences about accepted data that is unusual.
func (db *DB) Load(job *engine.Job, o engine.LoadOptions, work func(engine.Loader) error) (remarks []string, err error) {
	if err := db.enter(); err != nil {
		return nil, err
	}
	defer db.leave()
	if job.Mode != ayb.QueryReadWrite {
		return nil, engine.ErrReadOnly()
	}
	job.Timeout = maintenanceMinimum + time.Duration(o.Bytes/maintenanceRate)*time.Second
	r := &execution{db: db, job: job, left: job.Timeout}
	defer r.free()
	m := &member{r: r, turn: make(chan bool, 1), solo: true}
	if _, err := db.queue.join(m, 0); err != nil {
		return nil, err
	}
	defer db.queue.endTurn()
	err = r.withConnection(db.writer, func() (err error) {
		remarks, err = r.load(o, work)
		return err
	})
	if errs.Is(err, errs.Timeout) {
		return nil, errs.E(errs.Timeout, "The import took longer than %s and was stopped; nothing was changed", engine.DurationText(job.Timeout))
	}
	return remarks, err
}

// load runs work in one transaction.
func (r *execution) load(o engine.LoadOptions, work func(engine.Loader) error) (remarks []string, err error) {
	c := r.c
	c.enforce(false)
	defer c.enforce(true) // uncommitted changes are rolled back, before any other statement
	if rc := c.exec("BEGIN IMMEDIATE"); rc != C.SQLITE_OK {
		return nil, r.failure(rc, 0)
	}
	l := &loader{r: r}
	err = work(l)
	l.finish()
	switch {
	case err != nil:
		return nil, err
	case c.autocommit():
		return nil, errUndone()
	}
	c.enforce(false)
	if l.ran {
		if remarks, err = r.checkKeys(o); err != nil {
			return nil, err
		}
	}
	if o.Commit {
		return remarks, r.endTransaction(true)
	}
	r.rollback()
	return remarks, nil
}

func errUndone() error {
	return errs.E(errs.SQL, "A trigger or constraint of the database has rolled the import back")
}

// loader changes the database within a Load. It is for one goroutine.
type loader struct {
	r    *execution
	into *stmt // the statement of Insert
	ran  bool  // a statement may have changed the database
}

// Columns returns the writable columns of a table, in order, with their
// declared types; found reports whether the table exists. The error is Invalid
// for an object that is not writable as a table.
func (l *loader) Columns(table string) (names, types []string, found bool, err error) {
	name := quoteText(table)
	kind := ""
	err = l.query(`SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = `+name+` COLLATE NOCASE`, func(c *cursor) {
		kind = c.text(0)
	})
	switch {
	case err != nil || kind == "":
		return nil, nil, false, err
	case kind == "view":
		return nil, nil, false, errs.E(errs.Invalid, "%s is a view; data can be imported into tables only", quoted(table))
	case kind == "shadow" || len(table) >= 7 && strings.EqualFold(table[:7], "sqlite_"):
		return nil, nil, false, errs.E(errs.Invalid, "%s belongs to SQLite itself; choose another table", quoted(table))
	}
	err = l.query(`SELECT name, type FROM pragma_table_xinfo(`+name+`) WHERE hidden = 0`, func(c *cursor) {
		names, types = append(names, c.text(0)), append(types, c.text(1))
	})
	return names, types, true, err
}

// Generated returns the generated columns of a table, in order.
func (l *loader) Generated(table string) (found []daemonapi.GeneratedColumn, err error) {
	place := 0
	err = l.query(`SELECT name, hidden FROM pragma_table_xinfo(`+quoteText(table)+`) WHERE hidden <> 1`, func(c *cursor) {
		if c.integer(1) != 0 {
			found = append(found, daemonapi.GeneratedColumn{Name: c.text(0), Place: place})
		}
		place++
	})
	return found, err
}

func (l *loader) query(sql string, row func(*cursor)) error {
	c, err := l.r.openCursor(sql)
	if err != nil {
		return err
	}
	defer c.close()
	return c.each(func(c *cursor) error {
		row(c)
		return nil
	})
}

// Exec runs a statement and returns how many rows it wrote; its rows are
// dropped. bad is why only this statement failed; err ends the load.
func (l *loader) Exec(sql string) (written int64, bad, err error) {
	if err := l.r.db.checkSQL(sql); err != nil {
		return 0, err, nil
	}
	t := newText(sql)
	for from := 0; from < t.len(); {
		n, end, err := l.runStatement(t, from)
		if err != nil {
			bad, err = l.classify(err)
			return written, bad, err
		}
		written += n
		from = max(end, from+1)
	}
	return written, nil, nil
}

// runStatement runs the statement that begins at from.
func (l *loader) runStatement(t text, from int) (written int64, end int, err error) {
	r := l.r
	if err := r.setBudget(); err != nil {
		return 0, 0, err
	}
	st, end, rc := r.c.prepare(t, from, C.AYB_ATOMIC, false)
	if rc != C.SQLITE_OK {
		return 0, end, r.failure(rc, from)
	}
	if st == nil {
		return 0, end, nil
	}
	defer st.finalize()
	switch {
	case st.into:
		return 0, end, errVacuumInto()
	case st.vacuum:
		return 0, end, errHere
	case st.params > 0:
		return 0, end, errs.E(errs.SQL, "A statement of an import has no parameters")
	}
	if err := l.drain(st, nil, 0, from); err != nil {
		return 0, end, err
	}
	return int64(r.c.c.written), end, nil
}

func (l *loader) drain(st *stmt, params []byte, n, from int) error {
	if err := l.r.setBudget(); err != nil {
		return err
	}
	l.ran = true
	p := (*C.uchar)(unsafe.SliceData(params))
	if rc := C.ayb_drain(l.r.c.c, st.s, p, C.int(n)); rc != C.SQLITE_DONE {
		return l.r.statementFailed(st, rc, from)
	}
	return nil
}

// Insert inserts a row with a value for each column. bad is why only this row
// was rejected; err ends the load.
func (l *loader) Into(table string, columns []string) error {
	l.finish()
	var b strings.Builder
	b.WriteString("INSERT INTO main." + quoteName(table) + " (")
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoteName(c))
	}
	b.WriteString(") VALUES (?" + strings.Repeat(",?", len(columns)-1) + ")")
	if err := l.r.setBudget(); err != nil {
		return err
	}
	st, _, rc := l.r.c.prepare(newText(b.String()), 0, C.AYB_ATOMIC, true)
	if rc != C.SQLITE_OK {
		return l.r.failure(rc, 0)
	}
	l.into = st
	return nil
}

// Insert inserts a row with a value for each column. bad is why only this row
// was rejected; err ends the load.
func (l *loader) Insert(row []daemonapi.Value) (bad, err error) {
	b := l.r.b
	b.params = b.params[:0]
	for i := range row {
		b.params = appendPacked(b.params, &row[i])
	}
	if err := l.drain(l.into, b.params, len(row), 0); err != nil {
		return l.classify(err)
	}
	if l.r.c.c.affected == 0 {
		return errs.E(errs.SQL, "A constraint or trigger of the table leaves the row out"), nil
	}
	return nil, nil
}

// classify returns an error as bad if SQLite has undone only the statement,
// else as err.
func (l *loader) classify(failure error) (bad, err error) {
	switch {
	case errors.Is(failure, errHere), errors.Is(failure, errEnds):
		bad = errs.E(errs.SQL, "This statement cannot be part of an import, because it begins or ends a transaction or cannot run in one")
	case undoesOnlyStatement(failure) || errs.Is(failure, errs.TooLarge):
		bad = failure
	default:
		return nil, failure
	}
	if l.r.c.autocommit() { // a trigger or constraint has rolled everything back
		return nil, failure
	}
	return bad, nil
}

func (l *loader) finish() {
	if l.into != nil {
		l.into.finalize()
		l.into = nil
	}
}

// LoadLimits returns the limits of this database. A row is in memory several
// times during an import, and text needs more space than in the database.
func (db *DB) LoadLimits() engine.LoadLimits {
	return engine.LoadLimits{RowBytes: min(db.o.HeapBytes, maxValueBytes) / 4, DataBytes: 2 * max(db.o.DatabaseBytes, 0), SQLBytes: int64(db.o.SQLBytes)}
}
