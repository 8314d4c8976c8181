package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
)

// PurgeQueue returns the first n databases whose files wait for removal.
func (s *Store) PurgeQueue(ctx context.Context, n int) ([]meta.PurgeTask, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT id, entity_slug, database_slug, db_type, node_id FROM purge_queue ORDER BY id LIMIT $1`, n)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	out, err := scanPurges(rows)
	return out, sqldb.Error(err)
}

// ClaimPurges returns the first n databases whose files wait for removal and are not
// claimed at now, and claims them. The claim ends at until. During a claim one server
// removes the files, so that no server removes files of a later database of that
// path.
func (s *Store) ClaimPurges(ctx context.Context, n int, now, until time.Time) ([]meta.PurgeTask, error) {
	var out []meta.PurgeTask
	err := s.db.Transact(ctx, func(tx *sql.Tx) error {
		out = nil
		// PostgreSQL checks only the outer condition again after it has waited for
		// another claim, so that the condition stands twice.
		rows, err := tx.QueryContext(ctx, `
			UPDATE purge_queue SET claimed_until = $1, reservation = NULL
			WHERE (claimed_until IS NULL OR claimed_until <= $2) AND id IN (
				SELECT id FROM purge_queue
				WHERE claimed_until IS NULL OR claimed_until <= $3 ORDER BY id LIMIT $4)
			RETURNING id, entity_slug, database_slug, db_type, node_id`,
			formatTime(until), formatTime(now), formatTime(now), n)
		if err != nil {
			return err
		}
		out, err = scanPurges(rows)
		return err
	})
	slices.SortFunc(out, func(a, b meta.PurgeTask) int { return cmp.Compare(a.ID, b.ID) })
	return out, err
}

// PostponePurge moves the end of a claim. A purge that is complete is ignored.
func (s *Store) PostponePurge(ctx context.Context, id int64, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE purge_queue SET claimed_until = $1 WHERE id = $2`, formatTime(until), id)
		return err
	})
}

// CompletePurge records that the files of a database are removed, which frees its
// path. A purge that is complete is ignored.
func (s *Store) CompletePurge(ctx context.Context, id int64) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM purge_queue WHERE id = $1`, id)
		return err
	})
}

// scanPurges reads all rows and closes them.
func scanPurges(rows *sql.Rows) ([]meta.PurgeTask, error) {
	defer rows.Close()
	var out []meta.PurgeTask
	for rows.Next() {
		var (
			d        meta.PurgeTask
			kind     int64
			recorded string
			node     sql.NullString
		)
		err := rows.Scan(&d.ID, &d.Path.Entity, &recorded, &kind, &node)
		if err == nil {
			d.Type, err = decode(databaseTypes, kind)
		}
		if err != nil {
			return nil, err
		}
		d.Path.Database, d.SoftDeleteKey = splitSlug(recorded)
		d.Node = meta.NodeID(node.String)
		out = append(out, d)
	}
	return out, rows.Err()
}
