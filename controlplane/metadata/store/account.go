package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// EntityBySlug returns an account. NotFound when it does not exist.
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

// Addresses returns the verified mail addresses of an account, the oldest first.
// A revoked address is left out. NotFound when the account does not exist.
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

// DeleteEntity deletes an account with all its records in one transaction:
// addresses, tokens, authorization codes, its grants, and its databases with the
// grants and tokens on them, soft-deleted ones too. Their files and snapshots are
// queued for removal. The name and the addresses are free afterwards. NotFound
// when the account does not exist.
func (s *Store) DeleteEntity(ctx context.Context, id meta.EntityID, now time.Time) (meta.DeletedEntity, error) {
	var out meta.DeletedEntity
	err := s.db.Transact(ctx, func(tx *sql.Tx) (err error) {
		out = meta.DeletedEntity{}
		owned, err := s.lockEntityAndDatabases(ctx, tx, id)
		if err != nil {
			return err
		}
		if out.Tokens, err = queryTexts(ctx, tx, `
			SELECT short_token FROM api_token
			WHERE entity_id = $1 OR database_id IN (SELECT id FROM database WHERE entity_id = $1)
			ORDER BY short_token`, id); err != nil {
			return err
		}
		for _, d := range owned {
			out.Databases = append(out.Databases, d.Database)
		}
		for _, d := range slices.Backward(owned) { // so that the oldest is first in the purge queue
			if _, err := purgeDatabase(ctx, tx, d, now); err != nil {
				return err
			}
		}
		for _, stmt := range []string{
			`DELETE FROM api_token WHERE entity_id = $1`,
			`DELETE FROM oauth_authorization_request WHERE entity_id = $1`,
			`DELETE FROM entity_database_permission WHERE entity_id = $1`,
			`DELETE FROM authentication_method WHERE entity_id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, stmt, id); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO deleted_account (deleted_at, slug) VALUES ($1, (SELECT slug FROM entity WHERE id = $2))
			ON CONFLICT (slug) DO UPDATE SET deleted_at = excluded.deleted_at`, formatTime(now), id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM entity WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return meta.DeletedEntity{}, err
	}
	return out, nil
}

// lockEntityAndDatabases stops other transactions from adding to an account or to
// its databases until this one ends. It returns the databases, soft-deleted ones
// too.
func (s *Store) lockEntityAndDatabases(ctx context.Context, tx *sql.Tx, id meta.EntityID) ([]purgeable, error) {
	if err := s.lockEntity(ctx, tx, id, ayb.EntitySlug(fmt.Sprint(id))); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, d.deleted_at, d.pending_operation, d.pending_slug, d.pending_until
		FROM entity e JOIN database d ON d.entity_id = e.id
		WHERE e.id = $1 ORDER BY d.id DESC`+s.db.RowLock("d"), id)
	if err != nil {
		return nil, err
	}
	return scanPurgeable(rows)
}

// lockEntity stops other transactions from changing the names of an account's
// databases until this one ends. NotFound, with this name, when the account does
// not exist.
func (s *Store) lockEntity(ctx context.Context, tx *sql.Tx, id meta.EntityID, name ayb.EntitySlug) error {
	var slug string
	err := tx.QueryRowContext(ctx, `SELECT slug FROM entity WHERE id = $1`+s.db.RowLock("entity"), id).Scan(&slug)
	if errors.Is(err, sql.ErrNoRows) {
		return errs.RecordNotFound("entity", string(name))
	}
	return err
}
