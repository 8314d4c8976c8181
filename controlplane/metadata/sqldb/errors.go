package sqldb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ayb-go/ayb/shared/errs"
)

// Error returns an error of database/sql or of a driver with its code. It is the
// only place that chooses one. An error that has a code is returned unchanged. A broken
// UNIQUE or PRIMARY KEY constraint is Conflict; the caller says of what.
func Error(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return errs.Wrap(errs.Canceled, err, "The request was canceled before the answer")
	case errors.Is(err, context.DeadlineExceeded):
		return errs.Wrap(errs.Unavailable, err, "The metadata store did not answer in time; try again")
	}
	if coded := sqliteError(err); coded != nil {
		return coded
	}
	if coded := postgresError(err); coded != nil {
		return coded
	}
	return errs.Wrap(errs.Internal, err, "The metadata store failed")
}

// IsMissing reports whether a look-up found no row. A look-up of a text that
// PostgreSQL cannot store finds no row.
func IsMissing(err error) bool {
	return errors.Is(err, sql.ErrNoRows) || errs.Is(Error(err), errs.Invalid)
}

// LookupError returns missing if the look-up found no row, else Error.
func LookupError(err error, missing error) error {
	if IsMissing(err) {
		return missing
	}
	return Error(err)
}

// IsReferenceError reports whether a statement failed because a record that it
// refers to does not exist, or because a record that it deletes is referred to.
func IsReferenceError(err error) bool {
	return isSQLiteReferenceError(err) || isPostgresReferenceError(err)
}

// diskFull is the error of a database whose disk has no room.
func diskFull(err error) error {
	return errs.Wrap(errs.DiskFull, err, "disk full: the metadata store has no room left, and nothing was changed; try again when there is room, or tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}
