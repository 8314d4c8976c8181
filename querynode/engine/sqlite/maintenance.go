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

// A whole database takes as long as it takes, but not for ever: what is in it
// may be made to be slow. maintenanceMinimum is for any size, maintenanceRate, in bytes a
// second, slower than any disk.
const (
	maintenanceMinimum = 15 * time.Minute
	maintenanceRate    = 1 << 20
)

// maintenance is work on the whole database: on a connection of its own, outside of
// the policy for tenants, on a thread of the lowest priority. It holds nobody
// up and can be stopped as any job.
type maintenance struct {
	db     *DB
	job    *engine.Job
	slot   *slot
	thread *background
	limit  time.Duration
}

// startMaintenance waits for its turn. end has to follow.
func (db *DB) startMaintenance(job *engine.Job) (*maintenance, error) {
	if err := db.enter(); err != nil {
		return nil, err
	}
	job.Mode = ayb.QueryReadOnly // as far as errors say
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

// setTimeLimit sets how long the work may take for a database of that many bytes.
func (a *maintenance) setTimeLimit(bytes int64) {
	a.limit = maintenanceMinimum + time.Duration(bytes/maintenanceRate)*time.Second
	a.job.Deadline.Store(a.db.now() + int64(a.limit))
}

// open opens a connection in place of the one before.
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

// exec runs statements of the engine's own and gives the first cell, or as
// much of it as there is room for.
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

// ReportError says of an error what it means here.
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

// runCheck runs a check and gives what is wrong, empty for nothing.
func (a *maintenance) runCheck(check string) (string, error) {
	// A file may be made so that a page leads astray. And what the owner's own
	// rules say of the rows is no damage: they may have been left off.
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
