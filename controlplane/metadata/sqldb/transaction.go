package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"
)

// attempts is how often a transaction that conflicts with others is run.
const attempts = 8

// Transact runs f in one write transaction. It commits if f returns nil and
// rolls back if f returns an error or panics. Errors of the driver get a code;
// other errors of f are returned unchanged. On PostgreSQL, f runs again after a
// serialization failure or a deadlock. So f sets every variable outside it anew.
func (db *DB) Transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	ctx, cancel := WithTimeout(ctx)
	defer cancel()
	for n := 1; ; n++ {
		err := db.transactOnce(ctx, f)
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

func (db *DB) transactOnce(ctx context.Context, f func(tx *sql.Tx) error) (err error) {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return Error(err)
	}
	defer func() {
		// After a commit this does nothing and returns an error that says so. If
		// it fails, the connection is lost and its transaction with it.
		_ = tx.Rollback()
	}()
	if err = f(tx); err == nil {
		err = tx.Commit()
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		err = ctx.Err() // database/sql rolled back because ctx ended
	}
	return Error(err)
}

// RowLock returns the end of a SELECT that locks the rows of a table until the
// transaction ends. It is empty for SQLite, where one transaction writes at a
// time.
func (db *DB) RowLock(table string) string {
	if !db.dialect.rowLocks {
		return ""
	}
	return " FOR UPDATE OF " + table
}

// RequireRow returns err, or missing if a statement that succeeded changed no
// row.
func RequireRow(res sql.Result, err, missing error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return missing
	}
	return err
}
