package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// BeginDeletion deletes a database for everybody; its files still have to go to
// the place of deleted ones, which nobody else begins with before until. NotFound when it is
// gone, Conflict while its files change their place.
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

// requireIdle wants a database to be there, at its place.
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

// BeginUndeletion brings a deleted database of an entity back under its name,
// the one that was deleted last if there are several: its files still have to
// come back. It exists for nobody before CompleteOperation. One that somebody
// has begun with and not ended is begun again when its claim is over. NotFound
// when there is none, Conflict when the name is taken.
func (s *Store) BeginUndeletion(ctx context.Context, owner meta.EntityID, path ayb.DatabasePath, now, until time.Time) (meta.PendingOperation, error) {
	var m meta.PendingOperation
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
				return errs.E(errs.Conflict, "The database is still being put away; try again later")
			}
			return errs.RecordNotFound("database", path.String())
		}
		m = meta.PendingOperation{Kind: meta.OperationUndelete, Database: all[i].Database}
		if all[i].pending == 0 {
			err = requireFreePath(ctx, tx, path)
		} else if all[i].until.After(now) {
			err = errs.E(errs.Conflict, "The database is being brought back already")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE database SET slug = $1, pending_operation = $2, pending_until = $3 WHERE id = $4`,
			path.Database, meta.OperationUndelete, formatTime(until), m.Database.ID)
		if errs.Is(sqldb.Error(err), errs.Conflict) {
			return errs.E(errs.Conflict, "There is a database of that name again; rename it first")
		}
		return err
	})
	return m, err
}

// BeginRename gives a database another name; its files still have to follow,
// and it keeps the old one until CompleteOperation. NotFound when it is gone, Conflict
// when the name is taken, when deleted databases or snapshots still have it, or
// while the database is being renamed already.
func (s *Store) BeginRename(ctx context.Context, d meta.Database, to ayb.DatabaseSlug, now, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockEntity(ctx, tx, d.Owner, d.Path.Entity); err != nil {
			return err
		}
		if err := requireIdle(ctx, tx, d); err != nil {
			return err
		}
		if err := s.requireFreeName(ctx, tx, d, to); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE database SET pending_operation = $1, pending_slug = $2, pending_until = $3 WHERE id = $4`,
			meta.OperationRename, to, formatTime(until), d.ID)
		return err
	})
}

// requireFreeName tells whether a database may get a name. Snapshots are found by
// names: those of another database must not become its own.
func (s *Store) requireFreeName(ctx context.Context, tx *sql.Tx, d meta.Database, to ayb.DatabaseSlug) error {
	var live, snapshots int
	err := tx.QueryRowContext(ctx, `
		SELECT
			(SELECT count(*) FROM database WHERE entity_id = $1 AND slug = $2 AND deleted_at IS NULL),
			(SELECT count(*) FROM snapshot_task WHERE entity_slug = $3 AND database_slug = $2 AND (database_id IS NULL OR database_id <> $4))`,
		d.Owner, to, d.Path.Entity, d.ID).Scan(&live, &snapshots)
	if err != nil {
		return err
	}
	if live > 0 {
		return errs.E(errs.Conflict, "Database already exists")
	}
	if err := requireFreePath(ctx, tx, ayb.DatabasePath{Entity: d.Path.Entity, Database: to}); err != nil {
		return err
	}
	all, err := deletedOf(ctx, tx, d.Owner)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(x deleted) bool { return x.Database.Path.Database == to }) {
		return errs.E(errs.Conflict, "A deleted database had that name and can still be had back; choose another name")
	}
	if snapshots > 0 {
		return errs.E(errs.Conflict, "There are still snapshots of an earlier database of that name; choose another name or try again later")
	}
	return nil
}

// ClaimOperations gives at most n changes of place that nobody is at, and keeps
// them from being claimed again until then.
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

// PostponeOperation ends a claim, or begins one, until then. It is no error when
// the operation is over.
func (s *Store) PostponeOperation(ctx context.Context, id meta.DatabaseID, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE database SET pending_until = $1 WHERE id = $2 AND pending_operation IS NOT NULL`, formatTime(until), id)
		return err
	})
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

// CompleteOperation records that the files are where they were to go. It is no error
// when somebody else has done so.
func (s *Store) CompleteOperation(ctx context.Context, m meta.PendingOperation, now time.Time) error {
	d := m.Database
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if m.Kind == meta.OperationRename {
			return endRename(ctx, tx, m, now)
		}
		slug, set := softDeletedSlug(d.Path.Database, d.ID), ""
		if m.Kind == meta.OperationUndelete {
			slug, set = string(d.Path.Database), ", deleted_at = NULL"
		}
		res, err := tx.ExecContext(ctx, `UPDATE database SET slug = $1, pending_operation = NULL, pending_until = NULL`+set+` WHERE id = $2 AND pending_operation = $3`, slug, d.ID, m.Kind)
		if err != nil || m.Kind == meta.OperationDelete {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return forgetAlias(ctx, tx, d.Owner, d.Path.Database)
	})
}

func endRename(ctx context.Context, tx *sql.Tx, m meta.PendingOperation, now time.Time) error {
	d := m.Database
	res, err := tx.ExecContext(ctx, `
		UPDATE database SET slug = $1, pending_operation = NULL, pending_slug = NULL, pending_until = NULL
		WHERE id = $2 AND pending_operation = $3 AND pending_slug = $1`, m.To, d.ID, meta.OperationRename)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if err := forgetAlias(ctx, tx, d.Owner, m.To); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO database_alias (entity_id, slug, database_id) VALUES ($1, $2, $3)
		ON CONFLICT (entity_id, slug) DO UPDATE SET database_id = excluded.database_id`, d.Owner, d.Path.Database, d.ID)
	if err != nil {
		return err
	}
	return addSnapshotTask(ctx, tx, d.Path, d.CreatedAt, now, d.ID)
}

// CancelOperation takes back what was begun, for files that stay where they are.
// It is no error when that is over.
func (s *Store) CancelOperation(ctx context.Context, m meta.PendingOperation) error {
	slug, set := string(m.Database.Path.Database), ""
	switch m.Kind {
	case meta.OperationDelete:
		set = ", deleted_at = NULL"
	case meta.OperationUndelete:
		slug = softDeletedSlug(m.Database.Path.Database, m.Database.ID)
	case meta.OperationRename:
	default:
		return errs.E(errs.Internal, "there is no operation %d", m.Kind)
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE database SET slug = $1, pending_operation = NULL, pending_slug = NULL, pending_until = NULL`+set+` WHERE id = $2 AND pending_operation = $3`,
			slug, m.Database.ID, m.Kind)
		return err
	})
}

// deleted is a deleted database with what is going on with its files.
type deleted struct {
	meta.Deleted
	pending meta.OperationKind // zero for nothing
	until   time.Time
}

type rowsQueryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// deletedOf gives the deleted databases of an entity under the names they had,
// the newest deletion first.
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

// DeletedOf lists the databases of an entity that can be had back, under the
// names they had, the newest deletion first.
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
