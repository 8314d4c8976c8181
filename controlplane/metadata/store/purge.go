package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
)

// ClaimPurges gives at most n databases whose files have to go, the longest
// waiting first, and keeps them from being claimed again until then. So one
// server at a time removes the files of a database, and none does so after
// another has finished and the name has been used again.
func (s *Store) ClaimPurges(ctx context.Context, n int, now, until time.Time) ([]meta.PurgeTask, error) {
	var out []meta.PurgeTask
	err := s.db.Transact(ctx, func(tx *sql.Tx) error {
		out = nil
		// The condition stands twice because PostgreSQL looks at the outer one
		// again after it has waited for another claim.
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

// PostponePurge ends a claim, or begins one, until then. It is no error when
// the files are gone.
func (s *Store) PostponePurge(ctx context.Context, id int64, until time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE purge_queue SET claimed_until = $1 WHERE id = $2`, formatTime(until), id)
		return err
	})
}
