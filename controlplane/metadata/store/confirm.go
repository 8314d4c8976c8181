package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Confirm carries out a confirmed mail in one transaction: it spends the log-in
// token, creates the account with its address if it does not exist, and stores
// the new API token.
//
// Errors: InvalidToken when the log-in token was spent before, or was made before
// the account was deleted. Conflict when the name belongs to another address, or
// the address to another name.
func (s *Store) Confirm(ctx context.Context, c meta.Confirmation) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := spendLoginToken(ctx, tx, c); err != nil {
			return err
		}
		id, err := findOrCreateEntity(ctx, tx, c)
		if err != nil {
			return err
		}
		if err := refuseStaleMail(ctx, tx, c); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO api_token (short_token, entity_id, hash, created_at, expires_at, idle_seconds)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			c.Short, id, hex.EncodeToString(c.Hash[:]), formatTime(c.Now), nullTime(c.ExpiresAt), nullSeconds(c.Idle))
		if sqldb.IsReferenceError(err) {
			return errs.Wrap(errs.Unavailable, err, "The account was deleted meanwhile; try again")
		}
		return err
	})
}

// spendLoginToken records the log-in token as used. It removes the records of
// tokens that have expired.
func spendLoginToken(ctx context.Context, tx *sql.Tx, c meta.Confirmation) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM spent_login_token WHERE expires_at < $1`, formatTime(c.Now)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO spent_login_token (digest, expires_at) VALUES ($1, $2)`,
		c.MailDigest, formatTime(c.MailExpires))
	if errs.Is(sqldb.Error(err), errs.Conflict) {
		return errs.E(errs.InvalidToken, "This log-in token has been used before")
	}
	return err
}

// refuseStaleMail returns InvalidToken for a mail from before the last deletion of
// its account. Otherwise an old mail in a mailbox could create the account again.
// It runs after the account was found or created, so that it waits for a deletion
// at the same time.
func refuseStaleMail(ctx context.Context, tx *sql.Tx, c meta.Confirmation) error {
	if life := c.MailExpires.Sub(c.MailIssued); !c.MailIssued.IsZero() && life > 0 { // no valid mail is older than the removed rows
		if _, err := tx.ExecContext(ctx, `DELETE FROM deleted_account WHERE deleted_at < $1`, formatTime(c.Now.Add(-life-time.Hour))); err != nil {
			return err
		}
	}
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM deleted_account WHERE slug = $1 AND deleted_at > $2`, c.Slug, formatTime(c.MailIssued)).Scan(&n)
	if err == nil && n > 0 {
		err = errs.E(errs.InvalidToken, "This log-in token is from before the deletion of the account")
	}
	return err
}

// findOrCreateEntity returns the account of a confirmation and creates it if it
// does not exist.
func findOrCreateEntity(ctx context.Context, tx *sql.Tx, c meta.Confirmation) (meta.EntityID, error) {
	id, err := createEntity(ctx, tx, c)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT id FROM entity WHERE slug = $1`, c.Slug).Scan(&id); err != nil {
		return 0, err
	}
	var n int
	err = tx.QueryRowContext(ctx, `
		SELECT count(*) FROM authentication_method
		WHERE entity_id = $1 AND method_type = $2 AND status = $3 AND email_address = $4`,
		id, methodEmail, statusVerified, c.Address).Scan(&n)
	if err == nil && n == 0 {
		err = errs.E(errs.Conflict, "%s has already been registered", c.Slug)
	}
	return id, err
}

// createEntity returns sql.ErrNoRows when the name is taken. Its insert waits for
// a confirmation of the same name in another transaction, so that one of them
// creates the account.
func createEntity(ctx context.Context, tx *sql.Tx, c meta.Confirmation) (id meta.EntityID, err error) {
	kind, err := encode(entityTypes, c.Type)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `
		INSERT INTO entity (slug, entity_type, created_at) VALUES ($1, $2, $3)
		ON CONFLICT (slug) DO NOTHING RETURNING id`,
		c.Slug, kind, formatTime(c.Now)).Scan(&id)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO authentication_method (entity_id, method_type, status, email_address) VALUES ($1, $2, $3, $4)`,
		id, methodEmail, statusVerified, c.Address)
	if errs.Is(sqldb.Error(err), errs.Conflict) {
		return 0, errs.E(errs.Conflict, "This mail address already belongs to another account")
	}
	return id, err
}
