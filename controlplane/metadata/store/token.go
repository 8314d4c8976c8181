package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// TokenByShort gives an API token with its owner and scope, whether or not it
// still holds. NotFound when there is none.
func (s *Store) TokenByShort(ctx context.Context, short string) (meta.APIToken, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	t, err := scanToken(s.db.Reader().QueryRowContext(ctx, `
		SELECT t.short_token, t.hash, t.entity_id, e.slug, t.app_name, t.created_at, t.expires_at, t.revoked_at,
			t.database_id, t.query_permission_level, o.slug, d.slug,
			t.name, t.last_used_at, t.idle_seconds
		FROM api_token t
		JOIN entity e ON e.id = t.entity_id
		LEFT JOIN database d ON d.id = t.database_id
		LEFT JOIN entity o ON o.id = d.entity_id
		WHERE t.short_token = $1`, short))
	if sqldb.IsMissing(err) {
		return meta.APIToken{}, errs.RecordNotFound("api_token", short)
	}
	return t, sqldb.Error(err)
}

// tokensOfEntity are the tokens of $1 that hold at $2, newest first. %s is more of the
// condition.
const tokensOfEntity = `
	SELECT t.short_token, t.hash, t.entity_id, e.slug, t.app_name, t.created_at, t.expires_at, t.revoked_at,
		t.database_id, t.query_permission_level, o.slug, d.slug,
		t.name, t.last_used_at, t.idle_seconds
	FROM api_token t
	JOIN entity e ON e.id = t.entity_id
	LEFT JOIN database d ON d.id = t.database_id
	LEFT JOIN entity o ON o.id = d.entity_id
	WHERE t.entity_id = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)%s
	ORDER BY t.created_at DESC NULLS LAST, t.short_token`

// tokensAfter keeps those that come after the token $3. Of a token its place stays
// when it is revoked, as long as it is kept.
const tokensAfter = ` AND EXISTS (SELECT 1 FROM api_token c WHERE c.short_token = $3 AND (
		c.created_at IS NOT NULL AND (t.created_at IS NULL OR t.created_at < c.created_at OR t.created_at = c.created_at AND t.short_token > c.short_token)
		OR c.created_at IS NULL AND t.created_at IS NULL AND t.short_token > c.short_token))`

// TokensOf gives the tokens of an entity that are neither revoked nor
// expired at now, newest first.
func (s *Store) TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error) {
	return s.queryTokens(ctx, fmt.Sprintf(tokensOfEntity, ""), id, formatTime(now))
}

// TokensPage gives at most n of TokensOf, and whether there are more: the first
// ones, or those after the token of a short half. Invalid when the entity has
// none of that short half.
func (s *Store) TokensPage(ctx context.Context, id meta.EntityID, now time.Time, after string, n int) (page []meta.APIToken, more bool, err error) {
	if after == "" {
		page, err = s.queryTokens(ctx, fmt.Sprintf(tokensOfEntity, "")+" LIMIT $3", id, formatTime(now), n+1)
	} else {
		at, aerr := s.TokenByShort(ctx, after)
		if errs.Is(aerr, errs.NotFound) || aerr == nil && at.Entity != id {
			return nil, false, errs.E(errs.Invalid, "No token of this account has the short half %s; begin with the first page again", after)
		}
		if aerr != nil {
			return nil, false, aerr
		}
		page, err = s.queryTokens(ctx, fmt.Sprintf(tokensOfEntity, tokensAfter)+" LIMIT $4", id, formatTime(now), after, n+1)
	}
	if len(page) > n {
		page, more = page[:n], true
	}
	return page, more, err
}

func (s *Store) queryTokens(ctx context.Context, query string, args ...any) ([]meta.APIToken, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	defer rows.Close()
	var out []meta.APIToken
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, sqldb.Error(err)
		}
		out = append(out, t)
	}
	return out, sqldb.Error(rows.Err())
}

// RevokeToken revokes one token of an entity. NotFound when the entity has no
// such token or it is revoked already.
func (s *Store) RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE api_token SET revoked_at = $1
			WHERE short_token = $2 AND entity_id = $3 AND revoked_at IS NULL`, formatTime(now), short, id)
		return sqldb.RequireRow(res, err, errs.RecordNotFound("api_token", short))
	})
}

// CreateToken stores a token. Of its scope it takes the database and the
// level; it takes neither Slug nor RevokedAt. Conflict when there is a token
// of that short half, NotFound when the entity or the database is gone,
// Forbidden when the account has as many as it may.
func (s *Store) CreateToken(ctx context.Context, t meta.APIToken) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error { return s.addToken(ctx, tx, t) })
}

// addToken is insertToken if the account may have one more.
func (s *Store) addToken(ctx context.Context, tx *sql.Tx, t meta.APIToken) error {
	if err := s.lockEntity(ctx, tx, t.Entity, t.Slug); err != nil {
		return errs.Wrap(errs.NotFound, err, "The account or the database of the token is gone")
	}
	have, most, err := s.tokenCount(ctx, tx, t.Entity, t.CreatedAt)
	if err == nil && most > 0 && have >= most {
		err = errs.E(errs.Forbidden, "%s has %d API tokens and may have %d %s; revoke those that are not used any more", t.Slug, have, most, limits.TokensPerAccount.Hint())
	}
	if err != nil {
		return err
	}
	return insertToken(ctx, tx, t)
}

// tokenCount gives how many tokens of an account hold, and how many may; 0 is
// any number.
func (s *Store) tokenCount(ctx context.Context, q queryer, id meta.EntityID, now time.Time) (have, most int64, err error) {
	var own sql.NullInt64
	err = q.QueryRowContext(ctx, `
		SELECT (SELECT count(*) FROM api_token WHERE entity_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)),
			(SELECT tokens_per_account FROM account_limit WHERE entity_id = $1)`, id, formatTime(now)).Scan(&have, &own)
	if most = s.tokens; own.Valid {
		most = own.Int64
	}
	return have, most, err
}

// maxSurplusLogins is how many tokens are given at most as too many at a time.
const maxSurplusLogins = 10

// SurplusLogins gives tokens of log-ins that an account has too many, those that
// were not used for longest; never the one of the short half, and none that was
// made for an application or by hand.
func (s *Store) SurplusLogins(ctx context.Context, slug ayb.EntitySlug, short string, now time.Time) (id meta.EntityID, shorts []string, err error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	if err := s.db.Reader().QueryRowContext(ctx, `SELECT id FROM entity WHERE slug = $1`, slug).Scan(&id); err != nil {
		return 0, nil, sqldb.Error(err)
	}
	have, most, err := s.tokenCount(ctx, s.db.Reader(), id, now)
	if err != nil || most == 0 || have <= most {
		return id, nil, sqldb.Error(err)
	}
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT short_token FROM api_token
		WHERE entity_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
			AND database_id IS NULL AND app_name IS NULL AND name IS NULL AND short_token <> $3
		ORDER BY COALESCE(last_used_at, created_at) NULLS FIRST, short_token LIMIT $4`,
		id, formatTime(now), short, min(have-most, maxSurplusLogins))
	if err != nil {
		return 0, nil, sqldb.Error(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return 0, nil, sqldb.Error(err)
		}
		shorts = append(shorts, one)
	}
	return id, shorts, sqldb.Error(rows.Err())
}

// insertToken takes the entity and the database as they are at this moment:
// none of it is stored of a token whose account or database has just gone.
func insertToken(ctx context.Context, tx *sql.Tx, t meta.APIToken) error {
	var database, level sql.NullInt64
	if t.Scope != nil {
		n, err := encode(queryLevels, t.Scope.Level)
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
		nullText(t.AppName), nullText(t.Name), nullTime(t.CreatedAt), nullTime(t.ExpiresAt), nullSeconds(t.Idle), nullTime(t.LastUsedAt))
	if sqldb.IsReferenceError(err) {
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
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		for _, u := range uses {
			_, err := tx.ExecContext(ctx, `
				UPDATE api_token SET last_used_at = $1, expires_at = COALESCE($2, expires_at)
				WHERE short_token = $3 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < $1)`,
				formatTime(u.At), nullTime(u.ExpiresAt), u.Short)
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
	t.LastUsedAt, t.Idle = readTime(used), time.Duration(idle.Int64)*time.Second
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = readTime(created), readTime(expires), readTime(revoked)
	return t, nil
}
