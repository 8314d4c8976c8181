package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// addToken is insertToken with the check of the limit on tokens.
func (s *Store) addToken(ctx context.Context, tx *sql.Tx, t meta.APIToken) error {
	if err := s.lockEntity(ctx, tx, t.Entity, t.Slug); err != nil {
		return errs.Wrap(errs.NotFound, err, "The account or the database of the token was deleted")
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

// tokenCount returns the number of valid tokens of an account and its limit. Zero
// is no limit.
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

// maxSurplusLogins is how many tokens SurplusLogins returns at most.
const maxSurplusLogins = 10

// SurplusLogins returns tokens of log-ins by which an account exceeds its limit,
// beginning with the one whose last use is the oldest. It leaves out the token with
// the short half, and tokens that were created for an application or by hand.
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
