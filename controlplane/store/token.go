package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/ayb-go/ayb/controlplane/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// TokenByShort gives an API token with its owner and scope, whether or not it
// still holds. NotFound when there is none.
func (s *Store) TokenByShort(ctx context.Context, short string) (meta.APIToken, error) {
	t, err := scanToken(s.reader.QueryRowContext(ctx, `
		SELECT t.short_token, t.hash, t.entity_id, e.slug, t.app_name, t.created_at, t.expires_at, t.revoked_at,
			t.database_id, t.query_permission_level, o.slug, d.slug
		FROM api_token t
		JOIN entity e ON e.id = t.entity_id
		LEFT JOIN database d ON d.id = t.database_id
		LEFT JOIN entity o ON o.id = d.entity_id
		WHERE t.short_token = $1`, short))
	if errors.Is(err, sql.ErrNoRows) {
		return meta.APIToken{}, errs.RecordNotFound("api_token", short)
	}
	return t, driverError(err)
}

// TokensOf gives the tokens of an entity that are neither revoked nor
// expired at now, newest first.
func (s *Store) TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error) {
	rows, err := s.reader.QueryContext(ctx, `
		SELECT t.short_token, t.hash, t.entity_id, e.slug, t.app_name, t.created_at, t.expires_at, t.revoked_at,
			t.database_id, t.query_permission_level, o.slug, d.slug
		FROM api_token t
		JOIN entity e ON e.id = t.entity_id
		LEFT JOIN database d ON d.id = t.database_id
		LEFT JOIN entity o ON o.id = d.entity_id
		WHERE t.entity_id = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)
		ORDER BY t.created_at DESC NULLS LAST, t.short_token`, id, formatTime(now))
	if err != nil {
		return nil, driverError(err)
	}
	defer rows.Close()
	var out []meta.APIToken
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, driverError(err)
		}
		out = append(out, t)
	}
	return out, driverError(rows.Err())
}

// RevokeToken revokes one token of an entity. NotFound when the entity has no
// such token or it is revoked already.
func (s *Store) RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE api_token SET revoked_at = $1
			WHERE short_token = $2 AND entity_id = $3 AND revoked_at IS NULL`, formatTime(now), short, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return errs.RecordNotFound("api_token", short)
	})
}

type scanner interface{ Scan(dest ...any) error }

func scanToken(row scanner) (meta.APIToken, error) {
	var (
		t                         meta.APIToken
		hash                      string
		app, owner, name          sql.NullString
		created, expires, revoked sql.NullTime
		database, level           sql.NullInt64
	)
	err := row.Scan(&t.Short, &hash, &t.Entity, &t.Slug, &app, &created, &expires, &revoked,
		&database, &level, &owner, &name)
	if err != nil {
		return meta.APIToken{}, err
	}
	if t.Hash, err = parseHash(hash); err != nil {
		return meta.APIToken{}, err
	}
	if database.Valid || level.Valid {
		if t.Scope, err = scope(database, level, owner, name); err != nil {
			return meta.APIToken{}, err
		}
	}
	t.AppName = app.String
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = stamp(created), stamp(expires), stamp(revoked)
	return t, nil
}
