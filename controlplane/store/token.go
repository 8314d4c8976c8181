package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// TokenByShort gives an API token with its owner and scope, whether or not it
// still holds. NotFound when there is none.
func (s *Store) TokenByShort(ctx context.Context, short string) (meta.APIToken, error) {
	ctx, cancel := limit(ctx)
	defer cancel()
	t, err := scanToken(s.reader.QueryRowContext(ctx, `
		SELECT t.short_token, t.hash, t.entity_id, e.slug, t.app_name, t.created_at, t.expires_at, t.revoked_at,
			t.database_id, t.query_permission_level, o.slug, d.slug,
			t.name, t.last_used_at, t.idle_seconds
		FROM api_token t
		JOIN entity e ON e.id = t.entity_id
		LEFT JOIN database d ON d.id = t.database_id
		LEFT JOIN entity o ON o.id = d.entity_id
		WHERE t.short_token = $1`, short))
	if none(err) {
		return meta.APIToken{}, errs.RecordNotFound("api_token", short)
	}
	return t, driverError(err)
}

// TokensOf gives the tokens of an entity that are neither revoked nor
// expired at now, newest first.
func (s *Store) TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error) {
	ctx, cancel := limit(ctx)
	defer cancel()
	rows, err := s.reader.QueryContext(ctx, `
		SELECT t.short_token, t.hash, t.entity_id, e.slug, t.app_name, t.created_at, t.expires_at, t.revoked_at,
			t.database_id, t.query_permission_level, o.slug, d.slug,
			t.name, t.last_used_at, t.idle_seconds
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
		return wantRow(res, err, errs.RecordNotFound("api_token", short))
	})
}

// CreateToken stores a token. Of its scope it takes the database and the
// level; it takes neither Slug nor RevokedAt. Conflict when there is a token
// of that short half, NotFound when the entity or the database is gone.
func (s *Store) CreateToken(ctx context.Context, t meta.APIToken) error {
	return s.transact(ctx, func(tx *sql.Tx) error { return insertToken(ctx, tx, t) })
}

// insertToken takes the entity and the database as they are at this moment:
// none of it is stored of a token whose account or database has just gone.
func insertToken(ctx context.Context, tx *sql.Tx, t meta.APIToken) error {
	var database, level sql.NullInt64
	if t.Scope != nil {
		n, err := number(queryLevels, t.Scope.Level)
		if err != nil {
			return err
		}
		database, level = sql.NullInt64{Int64: int64(t.Scope.Database), Valid: true}, sql.NullInt64{Int64: int64(n), Valid: true}
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO api_token (short_token, entity_id, hash, database_id, query_permission_level,
			app_name, name, created_at, expires_at, idle_seconds, last_used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.Short, t.Entity, hex.EncodeToString(t.Hash[:]), database, level,
		orNoText(t.AppName), orNoText(t.Name), orNull(t.CreatedAt), orNull(t.ExpiresAt), seconds(t.Idle), orNull(t.LastUsedAt))
	if gone(err) {
		return errs.Wrap(errs.NotFound, err, "The account or the database of the token is gone")
	}
	return err
}

// TouchTokens records uses of tokens, many at once and off the path of
// requests. What is recorded already of a later time stays; tokens that are
// gone or revoked are left alone.
func (s *Store) TouchTokens(ctx context.Context, uses []meta.TokenUse) error {
	// All servers take the rows in one order, so that none waits in a circle.
	uses = slices.SortedFunc(slices.Values(uses), func(a, b meta.TokenUse) int { return strings.Compare(a.Short, b.Short) })
	return s.transact(ctx, func(tx *sql.Tx) error {
		for _, u := range uses {
			_, err := tx.ExecContext(ctx, `
				UPDATE api_token SET last_used_at = $1, expires_at = COALESCE($2, expires_at)
				WHERE short_token = $3 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < $1)`,
				formatTime(u.At), orNull(u.ExpiresAt), u.Short)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type scanner interface{ Scan(dest ...any) error }

func scanToken(row scanner) (meta.APIToken, error) {
	var (
		t                         meta.APIToken
		hash                      string
		app, owner, name, label   sql.NullString
		created, expires, revoked sql.NullTime
		used                      sql.NullTime
		database, level, idle     sql.NullInt64
	)
	err := row.Scan(&t.Short, &hash, &t.Entity, &t.Slug, &app, &created, &expires, &revoked,
		&database, &level, &owner, &name, &label, &used, &idle)
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
	t.AppName, t.Name = app.String, label.String
	t.LastUsedAt, t.Idle = stamp(used), time.Duration(idle.Int64)*time.Second
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = stamp(created), stamp(expires), stamp(revoked)
	return t, nil
}
