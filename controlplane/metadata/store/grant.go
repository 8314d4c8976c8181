package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// SetGrant grants an account a level on a database, in place of the level that it
// had. A grant that exists keeps its time and its place in the list. NotFound when
// the account or the database does not exist. Internal for ShareNone, which is
// RemoveGrant.
func (s *Store) SetGrant(ctx context.Context, g meta.Grant) error {
	n, err := encode(sharingLevels, g.Level)
	if err != nil || g.Level == ayb.ShareNone {
		return errs.Wrap(errs.Internal, err, "A grant of no access can't be stored")
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO entity_database_permission (entity_id, database_id, sharing_level, created_at)
			VALUES ($1, $2, $3, $4)
			ON CONFLICT (entity_id, database_id) DO UPDATE SET sharing_level = excluded.sharing_level`,
			g.Entity, g.Database, n, formatTime(g.CreatedAt))
		if sqldb.IsReferenceError(err) {
			return errs.RecordNotFound("database", fmt.Sprint(g.Database))
		}
		return err
	})
}

// RemoveGrant removes the grant of an account on a database, if there is one.
func (s *Store) RemoveGrant(ctx context.Context, entity meta.EntityID, database meta.DatabaseID) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM entity_database_permission WHERE entity_id = $1 AND database_id = $2`, entity, database)
		return err
	})
}

// GrantOf returns the level that an account was granted on a database, or
// ShareNone.
func (s *Store) GrantOf(ctx context.Context, entity meta.EntityID, database meta.DatabaseID) (ayb.SharingLevel, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	var n sql.NullInt64
	err := s.db.Reader().QueryRowContext(ctx, `
		SELECT sharing_level FROM entity_database_permission WHERE entity_id = $1 AND database_id = $2`,
		entity, database).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return ayb.ShareNone, nil
	}
	if err != nil {
		return ayb.ShareNone, sqldb.Error(err)
	}
	level, err := readGrant(n)
	return level, sqldb.Error(err)
}

// GrantsOn returns the grants on a database, the oldest first.
func (s *Store) GrantsOn(ctx context.Context, id meta.DatabaseID) ([]meta.Grant, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT p.entity_id, e.slug, p.database_id, p.sharing_level, p.created_at
		FROM entity_database_permission p JOIN entity e ON e.id = p.entity_id
		WHERE p.database_id = $1 ORDER BY p.created_at NULLS FIRST, p.entity_id`, id)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	defer rows.Close()
	var out []meta.Grant
	for rows.Next() {
		var (
			g       meta.Grant
			n       sql.NullInt64
			created sql.NullTime
		)
		if err := rows.Scan(&g.Entity, &g.Slug, &g.Database, &n, &created); err != nil {
			return nil, sqldb.Error(err)
		}
		if g.Level, err = readGrant(n); err != nil {
			return nil, sqldb.Error(err)
		}
		g.CreatedAt = readTime(created)
		out = append(out, g)
	}
	return out, sqldb.Error(rows.Err())
}

// readGrant decodes the level of a grant; without a grant it is ShareNone.
func readGrant(n sql.NullInt64) (ayb.SharingLevel, error) {
	if !n.Valid {
		return ayb.ShareNone, nil
	}
	return decode(sharingLevels, n.Int64)
}
