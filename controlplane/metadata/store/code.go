package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/errs"
)

// InsertOAuthCode stores an unused authorization code, with the database and the
// level of its scope. NotFound when the account or the database does not exist.
func (s *Store) InsertOAuthCode(ctx context.Context, c meta.OAuthCode) error {
	level, err := encode(queryLevels, c.Scope.Level)
	if err != nil {
		return sqldb.Error(err)
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO oauth_authorization_request (code, entity_id, code_challenge, redirect_uri, app_name,
				requested_query_permission_level, query_permission_level, database_id, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)`,
			hex.EncodeToString(c.Hash[:]), c.Entity, c.Challenge, c.RedirectURI, c.AppName,
			level, c.Scope.Database, formatTime(c.CreatedAt), formatTime(c.ExpiresAt))
		if sqldb.IsReferenceError(err) {
			return errs.Wrap(errs.NotFound, err, "The account or the database was deleted")
		}
		return err
	})
}

// OAuthCode returns an authorization code by its hash, also if it is used or
// expired. NotFound when it does not exist.
func (s *Store) OAuthCode(ctx context.Context, hash [32]byte) (meta.OAuthCode, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	var (
		c                = meta.OAuthCode{Hash: hash}
		level, database  sql.NullInt64
		owner, name      sql.NullString
		created, expires sql.NullTime
		used             sql.NullTime
		issued           sql.NullString
	)
	err := s.db.Reader().QueryRowContext(ctx, `
		SELECT c.entity_id, e.slug, c.code_challenge, c.redirect_uri, c.app_name, c.database_id,
			c.query_permission_level, o.slug, d.slug, c.created_at, c.expires_at, c.used_at, c.issued_token
		FROM oauth_authorization_request c
		JOIN entity e ON e.id = c.entity_id
		JOIN database d ON d.id = c.database_id
		JOIN entity o ON o.id = d.entity_id
		WHERE c.code = $1`, hex.EncodeToString(hash[:])).
		Scan(&c.Entity, &c.Slug, &c.Challenge, &c.RedirectURI, &c.AppName, &database,
			&level, &owner, &name, &created, &expires, &used, &issued)
	if sqldb.IsMissing(err) {
		return meta.OAuthCode{}, errs.E(errs.NotFound, "Authorization code not found")
	}
	if err != nil {
		return meta.OAuthCode{}, sqldb.Error(err)
	}
	sc, err := readScope(database, level, owner, name)
	if err != nil {
		return meta.OAuthCode{}, sqldb.Error(err)
	}
	c.Scope, c.Issued = *sc, issued.String
	c.CreatedAt, c.ExpiresAt, c.UsedAt = readTime(created), readTime(expires), readTime(used)
	return c, nil
}

// UseOAuthCode exchanges an authorization code for a token: it marks the code as
// used and stores the token in one transaction. One of several exchanges at the
// same time succeeds. The caller has checked the request of the client.
//
// Conflict when the code is used, expired or deleted; also the errors of
// CreateToken.
func (s *Store) UseOAuthCode(ctx context.Context, hash [32]byte, t meta.APIToken, now time.Time) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE oauth_authorization_request SET used_at = $1, issued_token = $2
			WHERE code = $3 AND used_at IS NULL AND expires_at > $1`,
			formatTime(now), t.Short, hex.EncodeToString(hash[:]))
		err = sqldb.RequireRow(res, err, errs.E(errs.Conflict, "Authorization code has already been used"))
		if err != nil {
			return err
		}
		return s.addToken(ctx, tx, t)
	})
}
