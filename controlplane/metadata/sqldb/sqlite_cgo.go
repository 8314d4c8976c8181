//go:build cgo

package sqldb

import (
	"errors"

	"github.com/mattn/go-sqlite3"

	"github.com/ayb-go/ayb/shared/errs"
)

// haveSQLite reports whether this build has the driver.
const haveSQLite = true

// sqliteError returns an error of SQLite with its code, and nil for any other
// error.
func sqliteError(err error) error {
	e, ok := errors.AsType[sqlite3.Error](err)
	switch {
	case !ok:
		return nil
	case e.ExtendedCode == sqlite3.ErrConstraintUnique, e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey:
		return errs.Wrap(errs.Conflict, e, "It exists already")
	case e.Code == sqlite3.ErrBusy, e.Code == sqlite3.ErrLocked:
		return errs.Wrap(errs.Unavailable, e, "The metadata store is busy; try again")
	case e.Code == sqlite3.ErrInterrupt:
		return errs.Wrap(errs.Canceled, e, "The request was canceled before the answer")
	case e.Code == sqlite3.ErrFull:
		return diskFull(e)
	default:
		return errs.Wrap(errs.Internal, e, "The metadata store failed")
	}
}

// isSQLiteReferenceError reports whether a foreign key is broken.
func isSQLiteReferenceError(err error) bool {
	e, ok := errors.AsType[sqlite3.Error](err)
	return ok && e.ExtendedCode == sqlite3.ErrConstraintForeignKey
}
