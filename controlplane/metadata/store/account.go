package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
)

// DeleteEntity deletes an account with all that is recorded of it: addresses,
// tokens, authorization codes, grants given to it and on its databases, and
// the databases, deleted ones too, whose files and snapshots are listed for
// removal. Tokens of others that were limited to one of them go as well. All of that happens or nothing; the name and the
// addresses are then free. NotFound when there is no such entity.
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
		for _, d := range slices.Backward(owned) { // the oldest waits longest
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

// lockEntityAndDatabases keeps everybody else from adding to an entity or to its databases
// until the transaction ends, and gives the databases, deleted ones too.
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

// PurgeQueue gives at most n databases whose files still have to go, the
// longest waiting first.
func (s *Store) PurgeQueue(ctx context.Context, n int) ([]meta.PurgeTask, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT id, entity_slug, database_slug, db_type, node_id FROM purge_queue ORDER BY id LIMIT $1`, n)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	out, err := scanPurges(rows)
	return out, sqldb.Error(err)
}

// CompletePurge says that the files of a database in the purge queue are gone. Its path can
// be used from then on. It is no error when that was said before.
func (s *Store) CompletePurge(ctx context.Context, id int64) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM purge_queue WHERE id = $1`, id)
		return err
	})
}

// How long what has ended is kept: a used authorization code so that its
// coming again is noticed, a token so that its owner can be told of it.
const (
	keepCodes  = 24 * time.Hour
	keepTokens = 30 * 24 * time.Hour
)

// DeleteExpired deletes what ended long before now: authorization codes after
// a day, revoked and expired tokens after thirty, spent log-in tokens at once.
// It gives the number of records. It may be called at any time by many.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (int64, error) {
	old := formatTime(now.Add(-keepTokens))
	var total int64
	for _, q := range []struct {
		stmt  string
		bound string
	}{
		{`DELETE FROM spent_login_token WHERE expires_at < $1`, formatTime(now)},
		{`DELETE FROM oauth_authorization_request WHERE expires_at < $1`, formatTime(now.Add(-keepCodes))},
		{`DELETE FROM api_token WHERE revoked_at < $1 OR expires_at < $1`, old},
	} {
		var n int64
		err := s.db.Transact(ctx, func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, q.stmt, q.bound)
			if err == nil {
				n, err = res.RowsAffected()
			}
			return err
		})
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}
