package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/errs"
)

// NoteSnapshot stores a note on a snapshot of a database and removes all but the
// newest notes, as many as keep says. An earlier message and an earlier mark of the
// same snapshot stay. NotFound when the database does not exist.
func (s *Store) NoteSnapshot(ctx context.Context, id meta.DatabaseID, n meta.SnapshotNote, keep int) error {
	mark := 0
	if n.BeforeRestore {
		mark = 1
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO snapshot_note (database_id, snapshot_id, message, before_restore, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (database_id, snapshot_id) DO UPDATE SET
				created_at = excluded.created_at,
				message = COALESCE(snapshot_note.message, excluded.message),
				before_restore = CASE WHEN excluded.before_restore > 0 THEN 1 ELSE snapshot_note.before_restore END`,
			id, n.ID, nullText(n.Message), mark, formatTime(n.CreatedAt))
		if sqldb.IsReferenceError(err) {
			return errs.RecordNotFound("database", fmt.Sprint(id))
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			DELETE FROM snapshot_note WHERE database_id = $1 AND snapshot_id NOT IN
				(SELECT snapshot_id FROM snapshot_note WHERE database_id = $1 ORDER BY created_at DESC, snapshot_id LIMIT $2)`, id, keep)
		return err
	})
}

// SnapshotNotes returns the notes on the snapshots of a database, ordered by the
// id of the snapshot.
func (s *Store) SnapshotNotes(ctx context.Context, id meta.DatabaseID) ([]meta.SnapshotNote, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT snapshot_id, message, before_restore, created_at FROM snapshot_note
		WHERE database_id = $1 ORDER BY snapshot_id`, id)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	defer rows.Close()
	var out []meta.SnapshotNote
	for rows.Next() {
		var (
			n       meta.SnapshotNote
			message sql.NullString
			mark    int
			created sql.NullTime
		)
		if err := rows.Scan(&n.ID, &message, &mark, &created); err != nil {
			return nil, sqldb.Error(err)
		}
		n.Message, n.BeforeRestore, n.CreatedAt = message.String, mark > 0, readTime(created)
		out = append(out, n)
	}
	return out, sqldb.Error(rows.Err())
}
