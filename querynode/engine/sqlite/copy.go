//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/errs"
)

// Copy writes a consistent copy of the database to a new file, checks it, and
// returns its size in bytes. Two copies of an unchanged database are equal byte
// for byte. It blocks no caller: it reads the state committed when it began,
// and pauses for every statement. One copy is made at a time. After an error
// there is no file.
//
// Errors: NotFound if the database was never written, Conflict when the file
// exists, Snapshot when the copy is damaged, Full, Timeout, engine.Canceled.
func (db *DB) Copy(job *engine.Job, to string) (bytes int64, err error) {
	a, err := db.startMaintenance(job)
	if err != nil {
		return 0, err
	}
	defer a.finish()
	if !db.exists() {
		return 0, errs.E(errs.NotFound, "The database was never written")
	}
	return a.copyTo(to)
}

// copyTo makes the copy and checks it.
func (a *maintenance) copyTo(to string) (bytes int64, err error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return 0, errs.E(errs.Conflict, "The copy exists already")
	}
	defer func() {
		if err != nil {
			a.close()
			_ = os.Remove(to) // it may not exist
		}
	}()
	if err := a.writeCopy(to); err != nil {
		return 0, err
	}
	if err := a.open(to, C.SQLITE_OPEN_READONLY); err != nil {
		return 0, err
	}
	wrong, err := a.runCheck("integrity_check")
	if err != nil {
		return 0, err
	}
	if wrong != "" {
		return 0, errs.E(errs.Snapshot, "The database is damaged, so that its copy is not sound: %s", wrong)
	}
	return sizeOf(to)
}

// writeCopy lets SQLite write the copy.
func (a *maintenance) writeCopy(to string) error {
	if err := a.openSource(); err != nil {
		return err
	}
	// A copy is read at once and not needed after a loss of power. Syncing it
	// would delay every writer that waits for the same disk.
	if _, err := a.exec("PRAGMA synchronous=OFF"); err != nil {
		return err
	}
	// VACUUM attaches the other file.
	C.sqlite3_limit(a.slot.c.c.db, C.SQLITE_LIMIT_ATTACHED, 1)
	_, err := a.exec("VACUUM INTO '" + strings.ReplaceAll(to, "'", "''") + "'")
	if errs.Is(err, errs.SQL) {
		return errs.E(errs.Snapshot, "The database could not be copied: %s", errs.Public(err).Message)
	}
	return err
}

// openSource opens the database, or an empty one if the database was never
// written.
func (a *maintenance) openSource() error {
	if !a.db.exists() {
		a.setTimeLimit(0)
		return a.open("", C.SQLITE_OPEN_READWRITE|C.SQLITE_OPEN_CREATE) // a private, empty database
	}
	if err := a.db.openFirst(a.job); err != nil {
		return err
	}
	size, err := sizeOf(a.db.o.Path)
	if err != nil {
		return err
	}
	a.setTimeLimit(size)
	if err := a.open(a.db.o.Path, C.SQLITE_OPEN_READONLY); err != nil {
		return err
	}
	a.slot.c.reader = true
	return nil
}

func sizeOf(path string) (int64, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return 0, errs.Wrap(errs.Engine, err, "The size of the database could not be found")
	}
	return st.Size(), nil
}
