package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// BeginDeletion starts the soft delete of a database and claims the operation. The
// claim ends at until. From now on the database is not found. NotFound when it does
// not exist, Conflict when it has a pending operation.
func (s *Store) BeginDeletion(ctx context.Context, d meta.Database, now, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockEntity(ctx, tx, d.Owner, d.Path.Entity); err != nil {
			return err
		}
		if err := requireIdle(ctx, tx, d); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE database SET deleted_at = $1, pending_operation = $2, pending_until = $3 WHERE id = $4`,
			formatTime(now), meta.OperationDelete, formatTime(until), d.ID)
		return err
	})
}

// BeginUndeletion starts to undelete a database and claims the operation. The claim
// ends at until. Of several soft-deleted databases of the name it takes the one that
// was deleted last. The database is not found before CompleteOperation. An
// undeletion whose claim has ended is started again. NotFound when there is no such
// database, Conflict when the name is taken or the database has another pending
// operation.
func (s *Store) BeginUndeletion(ctx context.Context, owner meta.EntityID, path ayb.DatabasePath, now, until time.Time) (meta.PendingOperation, error) {
	var o meta.PendingOperation
	err := s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockEntity(ctx, tx, owner, path.Entity); err != nil {
			return err
		}
		all, err := deletedOf(ctx, tx, owner)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(d deleted) bool { return d.Database.Path == path && d.pending != meta.OperationDelete })
		if i < 0 {
			if slices.ContainsFunc(all, func(d deleted) bool { return d.Database.Path == path }) {
				return errs.E(errs.Conflict, "The database is still being deleted; try again later")
			}
			return errs.RecordNotFound("database", path.String())
		}
		o = meta.PendingOperation{Kind: meta.OperationUndelete, Database: all[i].Database}
		if all[i].pending == 0 {
			err = requireFreePath(ctx, tx, path)
		} else if all[i].until.After(now) {
			err = errs.E(errs.Conflict, "The database is being undeleted already; try again later")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE database SET slug = $1, pending_operation = $2, pending_until = $3 WHERE id = $4`,
			path.Database, meta.OperationUndelete, formatTime(until), o.Database.ID)
		if errs.Is(sqldb.Error(err), errs.Conflict) {
			return errs.E(errs.Conflict, "There is a database of that name again; rename it first")
		}
		return err
	})
	return o, err
}

// DeletedOf returns the soft-deleted databases of an account under their original
// names, the newest deletion first.
func (s *Store) DeletedOf(ctx context.Context, owner meta.EntityID) ([]meta.Deleted, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	all, err := deletedOf(ctx, s.db.Reader(), owner)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	var out []meta.Deleted
	for _, d := range all {
		out = append(out, d.Deleted)
	}
	return out, nil
}

// deleted is a soft-deleted database with its pending operation.
type deleted struct {
	meta.Deleted
	pending meta.OperationKind // zero for none
	until   time.Time
}

type rowsQueryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// deletedOf returns the soft-deleted databases of an account under their original
// names, the newest deletion first.
func deletedOf(ctx context.Context, q rowsQueryer, owner meta.EntityID) ([]deleted, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, d.deleted_at, d.pending_operation, d.pending_until
		FROM database d JOIN entity e ON e.id = d.entity_id
		WHERE d.entity_id = $1 AND d.deleted_at IS NOT NULL ORDER BY d.deleted_at DESC, d.id DESC`, owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []deleted
	for rows.Next() {
		var (
			one       deleted
			at, until sql.NullTime
			pending   sql.NullInt64
		)
		if one.Database, err = scanDatabase(rows, &at, &pending, &until); err != nil {
			return nil, err
		}
		one.Database.Path.Database = originalSlug(string(one.Database.Path.Database))
		one.At, one.pending, one.until = readTime(at), meta.OperationKind(pending.Int64), readTime(until)
		out = append(out, one)
	}
	return out, rows.Err()
}
