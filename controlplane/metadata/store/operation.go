package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// ClaimOperations returns at most n pending operations that are not claimed at now,
// and claims them. The claim ends at until.
func (s *Store) ClaimOperations(ctx context.Context, n int, now, until time.Time) ([]meta.PendingOperation, error) {
	var out []meta.PendingOperation
	err := s.db.Transact(ctx, func(tx *sql.Tx) error {
		out = nil
		ids, err := claimedIDs(ctx, tx, `
			UPDATE database SET pending_until = $1
			WHERE pending_operation IS NOT NULL AND pending_until <= $2 AND id IN (
				SELECT id FROM database WHERE pending_operation IS NOT NULL AND pending_until <= $3 ORDER BY pending_until LIMIT $4)
			RETURNING id`, formatTime(until), formatTime(now), formatTime(now), n)
		if err != nil {
			return err
		}
		for _, id := range ids {
			var kind int64
			var to sql.NullString
			d, err := scanDatabase(tx.QueryRowContext(ctx, `
				SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, d.pending_operation, d.pending_slug
				FROM database d JOIN entity e ON e.id = d.entity_id WHERE d.id = $1`, id), &kind, &to)
			if err != nil {
				return err
			}
			out = append(out, meta.PendingOperation{Kind: meta.OperationKind(kind), Database: d, To: ayb.DatabaseSlug(to.String)})
		}
		return nil
	})
	return out, err
}

// PostponeOperation moves the end of a claim. An operation that is complete is
// ignored.
func (s *Store) PostponeOperation(ctx context.Context, id meta.DatabaseID, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE database SET pending_until = $1 WHERE id = $2 AND pending_operation IS NOT NULL`, formatTime(until), id)
		return err
	})
}

// CompleteOperation records that the files are where the operation puts them. An
// operation that is complete is ignored.
func (s *Store) CompleteOperation(ctx context.Context, o meta.PendingOperation, now time.Time) error {
	d := o.Database
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if o.Kind == meta.OperationRename {
			return completeRename(ctx, tx, o, now)
		}
		slug, set := softDeletedSlug(d.Path.Database, d.ID), ""
		if o.Kind == meta.OperationUndelete {
			slug, set = string(d.Path.Database), ", deleted_at = NULL"
		}
		res, err := tx.ExecContext(ctx, `UPDATE database SET slug = $1, pending_operation = NULL, pending_until = NULL`+set+` WHERE id = $2 AND pending_operation = $3`, slug, d.ID, o.Kind)
		if err != nil || o.Kind == meta.OperationDelete {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return forgetAlias(ctx, tx, d.Owner, d.Path.Database)
	})
}

// CancelOperation undoes the start of an operation whose files stay where they
// are. An operation that is complete is ignored.
func (s *Store) CancelOperation(ctx context.Context, o meta.PendingOperation) error {
	slug, set := string(o.Database.Path.Database), ""
	switch o.Kind {
	case meta.OperationDelete:
		set = ", deleted_at = NULL"
	case meta.OperationUndelete:
		slug = softDeletedSlug(o.Database.Path.Database, o.Database.ID)
	case meta.OperationRename:
	default:
		return errs.E(errs.Internal, "there is no operation %d", o.Kind)
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE database SET slug = $1, pending_operation = NULL, pending_slug = NULL, pending_until = NULL`+set+` WHERE id = $2 AND pending_operation = $3`,
			slug, o.Database.ID, o.Kind)
		return err
	})
}

// requireIdle returns NotFound unless the database exists under this name, and
// Conflict if it has a pending operation.
func requireIdle(ctx context.Context, tx *sql.Tx, d meta.Database) error {
	var pending sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT pending_operation FROM database WHERE id = $1 AND slug = $2 AND deleted_at IS NULL`, d.ID, d.Path.Database).Scan(&pending)
	if errors.Is(err, sql.ErrNoRows) {
		return errs.RecordNotFound("database", d.Path.String())
	}
	if err == nil && pending.Valid {
		err = errs.E(errs.Conflict, "The database is being renamed; try again later")
	}
	return err
}

func claimedIDs(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]int64, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, rows.Err()
}
