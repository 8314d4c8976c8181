package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// EntityBySlug gives an entity. NotFound when there is none.
func (s *Store) EntityBySlug(ctx context.Context, slug ayb.EntitySlug) (meta.Entity, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	var (
		e                                    = meta.Entity{Slug: slug}
		kind                                 int64
		name, description, organization, loc sql.NullString
		rawLinks                             sql.NullString
	)
	err := s.db.Reader().QueryRowContext(ctx, `
		SELECT id, entity_type, display_name, description, organization, location, links
		FROM entity WHERE slug = $1`, slug).
		Scan(&e.ID, &kind, &name, &description, &organization, &loc, &rawLinks)
	if sqldb.IsMissing(err) {
		return meta.Entity{}, errs.RecordNotFound("entity", string(slug))
	}
	if err == nil {
		e.Type, err = decode(entityTypes, kind)
	}
	if err == nil {
		e.Profile.Links, err = readLinks(rawLinks)
	}
	if err != nil {
		return meta.Entity{}, sqldb.Error(err)
	}
	e.Profile.DisplayName, e.Profile.Description = optionalText(name), optionalText(description)
	e.Profile.Organization, e.Profile.Location = optionalText(organization), optionalText(loc)
	return e, nil
}

// Addresses gives the verified mail addresses of an entity, oldest first; a
// revoked one does not count (A10). NotFound when there is no such entity.
func (s *Store) Addresses(ctx context.Context, slug ayb.EntitySlug) ([]string, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT m.email_address
		FROM entity e LEFT JOIN authentication_method m
			ON m.entity_id = e.id AND m.method_type = $1 AND m.status = $2
		WHERE e.slug = $3 ORDER BY m.id`, methodEmail, statusVerified, slug)
	if err != nil {
		return nil, sqldb.LookupError(err, errs.RecordNotFound("entity", string(slug)))
	}
	defer rows.Close()
	found := false
	var out []string
	for rows.Next() {
		var address sql.NullString
		if err := rows.Scan(&address); err != nil {
			return nil, sqldb.Error(err)
		}
		found = true
		if address.Valid {
			out = append(out, address.String)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, sqldb.LookupError(err, errs.RecordNotFound("entity", string(slug)))
	}
	if !found {
		return nil, errs.RecordNotFound("entity", string(slug))
	}
	return out, nil
}

// Confirm does everything a confirmed mail brings about, or nothing (A8, A9):
// it spends the log-in token, creates the entity with its address unless it
// has that address already, and stores the new API token.
//
// Errors: InvalidToken when the log-in token was spent before or the account was
// deleted since it was made; Conflict when the name belongs to another address, or the address to another name.
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
			return errs.Wrap(errs.Unavailable, err, "The account was deleted at this moment; try again")
		}
		return err
	})
}

// spendLoginToken records the log-in token as used (S15) and forgets those that have
// ended by themselves.
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

// refuseStaleMail refuses a mail from before the last deletion of its account: who
// has deleted an account must not find it made again by what lies in a mailbox.
// It comes after the entity was found or made, which has waited for a deletion at
// the same moment.
func refuseStaleMail(ctx context.Context, tx *sql.Tx, c meta.Confirmation) error {
	if life := c.MailExpires.Sub(c.MailIssued); !c.MailIssued.IsZero() && life > 0 { // the others are too old for any mail
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

// findOrCreateEntity finds the entity of a confirmation or creates it.
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

// createEntity fails with sql.ErrNoRows when the name is taken, also by a
// confirmation at the same moment: the insert waits for its end (A9).
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
