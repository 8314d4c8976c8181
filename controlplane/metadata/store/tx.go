package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// attempts is how often a transaction is run that loses against others.
const attempts = 8

// transact runs f in one write transaction: committed when f returns nil,
// rolled back when it returns an error or panics. Errors of the driver come
// back with a code, errors of f unchanged. On PostgreSQL, f runs again after a
// serialization failure or a deadlock, and must set all it sets anew.
func (s *Store) transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	for n := 1; ; n++ {
		err := s.runOnce(ctx, f)
		if n == attempts || !isRetryable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(n) * rand.N(5*time.Millisecond)):
		}
	}
}

// runOnce runs f in one transaction, once.
func (s *Store) runOnce(ctx context.Context, f func(tx *sql.Tx) error) (err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return driverError(err)
	}
	defer func() {
		// After a commit this does nothing, and its error says so. After a
		// failure it adds nothing: a connection that cannot roll back is lost,
		// and its transaction with it.
		_ = tx.Rollback()
	}()
	if err = f(tx); err == nil {
		err = tx.Commit()
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		err = ctx.Err() // it was rolled back behind our back
	}
	return driverError(err)
}

// diskFull is the error of a metadata store whose disk has no room.
func diskFull(err error) error {
	return errs.Wrap(errs.DiskFull, err, "disk full: the metadata store has no room left, and nothing was changed; try again when there is room, or tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// driverError is the one place where an error of database/sql or of a driver
// becomes a code. What already has a code passes through; a broken UNIQUE or
// PRIMARY KEY constraint is Conflict, for callers to say of what.
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
	if coded := postgresError(err); coded != nil {
		return coded
	}
	return errs.Wrap(errs.Internal, err, "The metadata store failed")
}

// isMissing tells whether a look-up found nothing: also when it was for a text that
// PostgreSQL cannot hold.
func isMissing(err error) bool {
	return errors.Is(err, sql.ErrNoRows) || errs.Is(driverError(err), errs.Invalid)
}

// lookupError is driverError for look-ups that have an error of their own for
// finding nothing.
func lookupError(err error, missing error) error {
	if isMissing(err) {
		return missing
	}
	return driverError(err)
}

// requireRow is err, or missing when a statement that succeeded changed no row.
func requireRow(res sql.Result, err, missing error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return missing
	}
	return err
}

// isReferenceError tells whether a statement failed because a record it refers to does
// not exist, or because one it deletes is referred to.
func isReferenceError(err error) bool {
	return isSQLiteReferenceError(err) || isPostgresReferenceError(err)
}
