package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ayb-go/ayb/shared/errs"
)

// transact runs f in one write transaction: committed when f returns nil,
// rolled back when it returns an error or panics. Errors of the driver come
// back with a code, errors of f unchanged.
func (s *Store) transact(ctx context.Context, f func(tx *sql.Tx) error) (err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return driverError(err)
	}
	defer func() {
		// After a commit this does nothing, and its error says so.
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) && err != nil {
			err = errors.Join(err, rerr)
		}
	}()
	if err := f(tx); err != nil {
		return driverError(err)
	}
	return driverError(tx.Commit())
}

// driverError is the one place where an error of database/sql or of the
// driver becomes a code. What already has a code passes through; a broken
// UNIQUE or PRIMARY KEY constraint is Conflict, for callers to say of what.
func driverError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return errs.Wrap(errs.Canceled, err, "The request was given up before it was done")
	case errors.Is(err, context.DeadlineExceeded):
		return errs.Wrap(errs.Unavailable, err, "The metadata store did not answer in time; try again")
	}
	if coded := sqliteError(err); coded != nil {
		return coded
	}
	return errs.Wrap(errs.Internal, err, "The metadata store failed")
}
