package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// PurgeDeleted purges at most n databases that were soft-deleted at until or
// earlier: it deletes their records with grants and tokens, and queues their files
// and snapshots for removal, in one transaction. It returns the number of databases
// and the short halves of the deleted tokens.
func (s *Store) PurgeDeleted(ctx context.Context, until, now time.Time, n int) (purged int, tokens []string, err error) {
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		purged, tokens = 0, nil
		rows, err := tx.QueryContext(ctx, `
			SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, d.deleted_at, d.pending_operation, d.pending_slug, d.pending_until
			FROM database d JOIN entity e ON e.id = d.entity_id
			WHERE d.deleted_at <= $1 AND d.pending_operation IS NULL ORDER BY d.deleted_at LIMIT $2`+s.db.RowLock("d"), formatTime(until), n)
		if err != nil {
			return err
		}
		expired, err := scanPurgeable(rows)
		if err != nil {
			return err
		}
		for _, d := range expired {
			short, err := purgeDatabase(ctx, tx, d, now)
			if err != nil {
				return err
			}
			tokens = append(tokens, short...)
		}
		purged = len(expired)
		return nil
	})
	return purged, tokens, err
}

// purgeable is a database whose record is about to be deleted.
type purgeable struct {
	meta.Database // with its slug as stored
	deletedAt     time.Time
	pending       bool
	pendingSlug   ayb.DatabaseSlug
	pendingUntil  time.Time
}

func scanPurgeable(rows *sql.Rows) ([]purgeable, error) {
	defer rows.Close()
	var out []purgeable
	for rows.Next() {
		var (
			e         purgeable
			at, until sql.NullTime
			pending   sql.NullInt64
			to        sql.NullString
		)
		var err error
		if e.Database, err = scanDatabase(rows, &at, &pending, &to, &until); err != nil {
			return nil, err
		}
		e.deletedAt, e.pending, e.pendingSlug, e.pendingUntil = readTime(at), pending.Valid, ayb.DatabaseSlug(to.String), readTime(until)
		out = append(out, e)
	}
	return out, rows.Err()
}

// purgeDatabase deletes the record of a database with all records that refer to
// it. It returns the short halves of the deleted tokens.
func purgeDatabase(ctx context.Context, tx *sql.Tx, d purgeable, now time.Time) (tokens []string, err error) {
	if err := queueFiles(ctx, tx, d, now); err != nil {
		return nil, err
	}
	if err := queueSnapshots(ctx, tx, d, now); err != nil {
		return nil, err
	}
	if tokens, err = queryTexts(ctx, tx, `SELECT short_token FROM api_token WHERE database_id = $1 ORDER BY short_token`, d.ID); err != nil {
		return nil, err
	}
	for _, stmt := range []string{
		`DELETE FROM api_token WHERE database_id = $1`,
		`DELETE FROM oauth_authorization_request WHERE database_id = $1`,
		`DELETE FROM entity_database_permission WHERE database_id = $1`,
		`DELETE FROM database WHERE id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, d.ID); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// queueFiles adds all places where files of a database may be to the purge queue.
// During a pending operation the files are claimed until the claim of the
// operation ends.
func queueFiles(ctx context.Context, tx *sql.Tx, d purgeable, now time.Time) error {
	kind, err := encode(databaseTypes, d.Type)
	if err != nil {
		return err
	}
	slugs := []string{string(d.Path.Database)}
	if d.pending && d.pendingSlug != "" {
		slugs = append(slugs, string(d.pendingSlug))
	} else if d.pending {
		slugs = append(slugs, softDeletedSlug(d.Path.Database, d.ID))
	}
	for _, slug := range slugs {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO purge_queue (entity_slug, database_slug, db_type, node_id, queued_at, claimed_until) VALUES ($1, $2, $3, $4, $5, $6)`,
			d.Path.Entity, slug, kind, nullText(string(d.Node)), formatTime(now), nullTime(d.pendingUntil))
		if err != nil {
			return err
		}
	}
	return nil
}

// queueSnapshots adds a task that removes the snapshots of a database. If another
// database has had the name since the deletion, its snapshots are later ones and
// stay. Older tasks lose their database with the record and then remove the
// snapshots that they would have moved.
func queueSnapshots(ctx context.Context, tx *sql.Tx, d purgeable, now time.Time) error {
	path := ayb.DatabasePath{Entity: d.Path.Entity, Database: originalSlug(string(d.Path.Database))}
	before := now
	if !d.deletedAt.IsZero() {
		var others int
		err := tx.QueryRowContext(ctx, `
			SELECT count(*) FROM database
			WHERE entity_id = $1 AND id <> $2 AND (slug = $3 OR pending_slug = $3 OR substr(slug, 1, $4) = $5)`,
			d.Owner, d.ID, path.Database, len(path.Database)+len(softDeleteMark), string(path.Database)+softDeleteMark).Scan(&others)
		if err != nil {
			return err
		}
		if others > 0 {
			before = d.deletedAt
		}
	}
	return addSnapshotTask(ctx, tx, path, d.CreatedAt, before, 0)
}

// queryTexts returns a column of texts.
func queryTexts(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}
