package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// BeginRename starts to rename a database and claims the operation. The claim ends
// at until. The database keeps its old name until CompleteOperation. NotFound when
// it does not exist. Conflict when the new name is taken, when soft-deleted databases
// or snapshots still have it, or when the database has a pending operation.
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

// requireFreeName returns Conflict if a database may not get a name. Snapshots are
// found by name, so that the database would get the snapshots of another one.
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
		return errs.E(errs.Conflict, "A deleted database had that name and can still be undeleted; choose another name")
	}
	if snapshots > 0 {
		return errs.E(errs.Conflict, "There are still snapshots of an earlier database of that name; choose another name or try again later")
	}
	return nil
}

func completeRename(ctx context.Context, tx *sql.Tx, o meta.PendingOperation, now time.Time) error {
	d := o.Database
	res, err := tx.ExecContext(ctx, `
		UPDATE database SET slug = $1, pending_operation = NULL, pending_slug = NULL, pending_until = NULL
		WHERE id = $2 AND pending_operation = $3 AND pending_slug = $1`, o.To, d.ID, meta.OperationRename)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if err := forgetAlias(ctx, tx, d.Owner, o.To); err != nil {
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
