package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// addSnapshotTask adds a task for the snapshots that were stored under a path
// between two times: they move to the name of the database, or are removed if the
// database is zero. since may be zero.
func addSnapshotTask(ctx context.Context, tx *sql.Tx, from ayb.DatabasePath, since, before time.Time, database meta.DatabaseID) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO snapshot_task (entity_slug, database_slug, stored_since, stored_before, database_id) VALUES ($1, $2, $3, $4, $5)`,
		from.Entity, from.Database, nullTime(since), formatTime(before), sql.NullInt64{Int64: int64(database), Valid: database != 0})
	return err
}

// ClaimSnapshotTasks returns at most n snapshot tasks that are not claimed at now,
// and claims them. The claim ends at until. Tasks of a database wait while it is
// soft-deleted or has a pending operation.
func (s *Store) ClaimSnapshotTasks(ctx context.Context, n int, now, until time.Time) ([]meta.SnapshotTask, error) {
	var out []meta.SnapshotTask
	err := s.db.Transact(ctx, func(tx *sql.Tx) error {
		out = nil
		ids, err := claimedIDs(ctx, tx, `
			UPDATE snapshot_task SET claimed_until = $1
			WHERE (claimed_until IS NULL OR claimed_until <= $2) AND id IN (
				SELECT s.id FROM snapshot_task s LEFT JOIN database d ON d.id = s.database_id
				WHERE (s.claimed_until IS NULL OR s.claimed_until <= $3) AND d.deleted_at IS NULL AND d.pending_operation IS NULL
				ORDER BY s.id LIMIT $4)
			RETURNING id`, formatTime(until), formatTime(now), formatTime(now), n)
		if err != nil {
			return err
		}
		for _, id := range ids {
			var (
				e             = meta.SnapshotTask{ID: id}
				since, before sql.NullTime
				database      sql.NullInt64
				entity, name  sql.NullString
			)
			err := tx.QueryRowContext(ctx, `
				SELECT s.entity_slug, s.database_slug, s.stored_since, s.stored_before, s.database_id, e.slug, d.slug
				FROM snapshot_task s LEFT JOIN database d ON d.id = s.database_id LEFT JOIN entity e ON e.id = d.entity_id
				WHERE s.id = $1`, id).Scan(&e.From.Entity, &e.From.Database, &since, &before, &database, &entity, &name)
			if err != nil {
				return err
			}
			e.Since, e.Before, e.Database = readTime(since), readTime(before), meta.DatabaseID(database.Int64)
			e.To = ayb.DatabasePath{Entity: ayb.EntitySlug(entity.String), Database: ayb.DatabaseSlug(name.String)}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// PostponeSnapshotTask moves the end of a claim.
func (s *Store) PostponeSnapshotTask(ctx context.Context, id int64, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE snapshot_task SET claimed_until = $1 WHERE id = $2`, formatTime(until), id)
		return err
	})
}

// CompleteSnapshotTask removes a task that is done. If the database was renamed
// meanwhile, it adds a task that moves the snapshots on to the new name. A task
// that is complete is ignored.
func (s *Store) CompleteSnapshotTask(ctx context.Context, task meta.SnapshotTask, now time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM snapshot_task WHERE id = $1`, task.ID); err != nil || task.Database == 0 {
			return err
		}
		var renamed int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM database WHERE id = $1 AND slug <> $2 AND deleted_at IS NULL`,
			task.Database, task.To.Database).Scan(&renamed)
		if err != nil || renamed == 0 {
			return err
		}
		return addSnapshotTask(ctx, tx, task.To, task.Since, now, task.Database)
	})
}
