package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/errs"
)

// UpdateProfile changes the fields of a profile that are set. Updates of different
// fields at the same time are all kept. Invalid when a text is not UTF-8 or holds
// a zero byte, NotFound when the account does not exist.
func (s *Store) UpdateProfile(ctx context.Context, id meta.EntityID, u meta.ProfileUpdate) error {
	for _, c := range []meta.Change[*string]{u.DisplayName, u.Description, u.Organization, u.Location} {
		if c.To != nil && (!utf8.ValidString(*c.To) || strings.ContainsRune(*c.To, 0)) {
			return errs.E(errs.Invalid, "A text of the profile holds a character that can't be stored")
		}
	}
	list, err := writeLinks(u.Links.To)
	if err != nil {
		return sqldb.Error(err)
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE entity SET
				display_name = CASE WHEN $1 THEN $2 ELSE display_name END,
				description = CASE WHEN $3 THEN $4 ELSE description END,
				organization = CASE WHEN $5 THEN $6 ELSE organization END,
				location = CASE WHEN $7 THEN $8 ELSE location END,
				links = CASE WHEN $9 THEN $10 ELSE links END
			WHERE id = $11`,
			u.DisplayName.Set, u.DisplayName.To, u.Description.Set, u.Description.To,
			u.Organization.Set, u.Organization.To, u.Location.Set, u.Location.To,
			u.Links.Set, list, id)
		return sqldb.RequireRow(res, err, errs.RecordNotFound("entity", fmt.Sprint(id)))
	})
}

// VerifyLinks stores which links of a profile link back, and reports whether it
// did. It stores nothing if the addresses of the links have changed meanwhile, or
// if the account does not exist.
func (s *Store) VerifyLinks(ctx context.Context, id meta.EntityID, verified []meta.Link) (stored bool, err error) {
	text, err := writeLinks(verified)
	if err != nil {
		return false, sqldb.Error(err)
	}
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		stored = false
		var now sql.NullString
		// The update locks the row until the transaction ends.
		err := tx.QueryRowContext(ctx, `UPDATE entity SET links = links WHERE id = $1 RETURNING links`, id).Scan(&now)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		current, err := readLinks(now)
		if err != nil || !slices.EqualFunc(current, verified, func(a, b meta.Link) bool { return a.URL == b.URL }) {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE entity SET links = $1 WHERE id = $2`, text, id)
		stored = err == nil
		return err
	})
	return stored && err == nil, err
}
