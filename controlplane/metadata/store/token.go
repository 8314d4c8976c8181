package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// TokenByShort returns an API token with its owner and scope, also if it is
// expired or revoked. NotFound when it does not exist.
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

// tokensOfEntity selects the tokens of account $1 that are valid at $2, the newest
// first. %s adds a condition.
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

// tokensAfter is the condition that a token comes after the token $3. A revoked
// token keeps its place while it is stored.
const tokensAfter = ` AND EXISTS (SELECT 1 FROM api_token c WHERE c.short_token = $3 AND (
		c.created_at IS NOT NULL AND (t.created_at IS NULL OR t.created_at < c.created_at OR t.created_at = c.created_at AND t.short_token > c.short_token)
		OR c.created_at IS NULL AND t.created_at IS NULL AND t.short_token > c.short_token))`

// TokensOf returns the tokens of an account that are valid at now, the newest
// first.
func (s *Store) TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error) {
	return s.queryTokens(ctx, fmt.Sprintf(tokensOfEntity, ""), id, formatTime(now))
}

// TokensPage returns at most n of TokensOf and reports whether there are more: the
// first ones, or those after the token with a short half. Invalid when the account
// has no token of that short half.
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

// RevokeToken revokes a token of an account. NotFound when the account has no such
// token or the token is revoked.
func (s *Store) RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE api_token SET revoked_at = $1
			WHERE short_token = $2 AND entity_id = $3 AND revoked_at IS NULL`, formatTime(now), short, id)
		return sqldb.RequireRow(res, err, errs.RecordNotFound("api_token", short))
	})
}

// CreateToken stores a token, with the database and the level of its scope, and
// without Slug and RevokedAt. Conflict when the short half exists, NotFound when
// the account or the database does not, Forbidden when the account has reached its
// limit of tokens.
func (s *Store) CreateToken(ctx context.Context, t meta.APIToken) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error { return s.addToken(ctx, tx, t) })
}

// insertToken stores a token. NotFound when the account or the database was
// deleted at the same time.
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
		return errs.Wrap(errs.NotFound, err, "The account or the database of the token was deleted")
	}
	return err
}

// TouchTokens records uses of tokens, many at once, outside of requests. An older
// use does not replace a later one. Missing and revoked tokens are ignored.
func (s *Store) TouchTokens(ctx context.Context, uses []meta.TokenUse) error {
	// All servers lock the rows in the same order, which prevents deadlocks.
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
		if t.Scope, err = readScope(database, level, owner, name); err != nil {
			return meta.APIToken{}, err
		}
	}
	t.AppName, t.Name = app.String, label.String
	t.LastUsedAt, t.Idle = readTime(used), time.Duration(idle.Int64)*time.Second
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = readTime(created), readTime(expires), readTime(revoked)
	return t, nil
}

// readScope reads the scope columns of a token. A token with one of them keeps its
// scope even if the database was deleted. Without the scope it would be valid for
// the whole account.
func readScope(database, level sql.NullInt64, owner, name sql.NullString) (*meta.Scope, error) {
	s := &meta.Scope{
		Database: meta.DatabaseID(database.Int64),
		Path:     ayb.DatabasePath{Entity: ayb.EntitySlug(owner.String), Database: originalSlug(name.String)},
		Level:    ayb.QueryReadOnly,
	}
	if !level.Valid {
		return s, nil
	}
	var err error
	s.Level, err = decode(queryLevels, level.Int64)
	return s, err
}
