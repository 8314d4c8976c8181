//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"strings"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Work on an entire database has a time limit, because its content may be made
// to be slow. maintenanceMinimum applies to any size; maintenanceRate, in bytes
// a second, is slower than any disk.
const (
	maintenanceMinimum = 15 * time.Minute
	maintenanceRate    = 1 << 20
)

// maintenance is work on the entire database: on a connection of its own,
// without the tenant policy, on a thread of the lowest priority. It blocks no
// caller and can be stopped like any job.
type maintenance struct {
	db     *DB
	job    *engine.Job
	slot   *slot
	thread *background
	limit  time.Duration
}

// startMaintenance waits for its turn. The caller calls end.
func (db *DB) startMaintenance(job *engine.Job) (*maintenance, error) {
	if err := db.enter(); err != nil {
		return nil, err
	}
	job.Mode = ayb.QueryReadOnly // for the wording of errors
	s, err := db.copies.acquire(job, 0)
	if err != nil {
		db.leave()
		return nil, err
	}
	return &maintenance{db: db, job: job, slot: s, thread: newBackground()}, nil
}

func (a *maintenance) finish() {
	a.close()
	a.thread.stop()
	a.db.copies.release(a.slot)
	a.db.leave()
}

// setTimeLimit sets the time limit of the work for a database of that many
// bytes.
func (a *maintenance) setTimeLimit(bytes int64) {
	a.limit = maintenanceMinimum + time.Duration(bytes/maintenanceRate)*time.Second
	a.job.Deadline.Store(a.db.now() + int64(a.limit))
}

// open opens a connection in place of the previous one.
func (a *maintenance) open(path string, flags C.int) error {
	a.close()
	var rc C.int
	a.thread.do(func() { a.slot.c, rc = openConn(a.db.o, path, flags) })
	if rc != C.SQLITE_OK {
		err := openFailed(a.slot.c, a.db.o, rc)
		a.slot.closeConn()
		return err
	}
	C.ayb_throttle_conn(a.db.calls.p, a.slot.c.c)
	a.slot.job.Store(a.job)
	if a.db.closing.Load() {
		return engine.ErrClosing()
	}
	if !a.job.Attach(a.slot.c) {
		return a.explain(engine.StopError(a.job.Reason(), a.job))
	}
	a.db.wake()
	return nil
}

func (a *maintenance) close() {
	a.job.Detach()
	a.slot.job.Store(nil)
	if a.slot.c != nil {
		a.thread.do(a.slot.closeConn)
	}
}

// exec runs statements of the engine and returns the first cell, which may be
// cut off.
func (a *maintenance) exec(sql string) (string, error) {
	if why := a.job.Reason(); why != engine.NotStopped {
		return "", a.explain(engine.StopError(why, a.job))
	}
	var rc C.int
	c := a.slot.c
	a.thread.do(func() { rc = c.exec(sql) })
	if rc != C.SQLITE_OK {
		return "", a.explain(c.failure(rc, a.db.o, a.job, 0))
	}
	return strings.ToValidUTF8(c.result(), "\uFFFD"), nil
}

// explain rewrites an error for this work.
func (a *maintenance) explain(err error) error {
	switch errs.CodeOf(err) {
	case errs.Timeout:
		return errs.E(errs.Timeout, "Reading the whole database took longer than %s and was stopped", engine.DurationText(a.limit))
	case errs.Canceled:
		return errs.E(errs.Canceled, "The work on the database was canceled")
	case errs.Full:
		return errs.Wrap(errs.Full, err, "The copy of the database is larger than the database may be")
	}
	return err
}

// runCheck runs a check and returns what is wrong, or an empty text.
func (a *maintenance) runCheck(check string) (string, error) {
	// A malicious page may lead the check astray. Violated constraints of the
	// owner are no damage: they may have been off.
	if _, err := a.exec("PRAGMA cell_size_check=1; PRAGMA ignore_check_constraints=1;"); err != nil {
		return "", err
	}
	found, err := a.exec("PRAGMA " + check + "(1)")
	if m := sqlMessage(err); m != "" { // too damaged to be checked
		return m, nil
	}
	if err != nil || found == "ok" {
		return "", err
	}
	// The first line may be a headline.
	found = strings.TrimPrefix(found, "*** in database main ***\n")
	if found == "" {
		found = "nothing"
	}
	return found, nil
}
