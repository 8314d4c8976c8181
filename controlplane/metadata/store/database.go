package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// DatabaseByPath returns a database with its limits. NotFound when the database or
// its owner does not exist.
func (s *Store) DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	d, err := scanLimited(s.db.Reader().QueryRowContext(ctx, selectDatabase(), path.Entity, path.Database))
	if sqldb.IsMissing(err) {
		return meta.Database{}, errs.RecordNotFound("database", path.String())
	}
	return d, sqldb.Error(err)
}

// DatabasesOf returns the databases of an account, the newest first.
func (s *Store) DatabasesOf(ctx context.Context, id meta.EntityID) ([]meta.Database, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at
		FROM entity e JOIN database d ON d.entity_id = e.id
		WHERE e.id = $1 AND d.deleted_at IS NULL ORDER BY d.id DESC`, id)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	out, err := scanDatabases(rows)
	return out, sqldb.Error(err)
}

// DatabasesAfter returns at most n databases with ids above after, ordered by id.
// It leaves out soft-deleted databases and those with a pending operation.
func (s *Store) DatabasesAfter(ctx context.Context, after meta.DatabaseID, n int) ([]meta.Database, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at
		FROM database d JOIN entity e ON d.entity_id = e.id
		WHERE d.id > $1 AND d.deleted_at IS NULL AND d.pending_operation IS NULL ORDER BY d.id LIMIT $2`, after, n)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	out, err := scanDatabases(rows)
	return out, sqldb.Error(err)
}

// CountDatabases counts the databases of an account.
func (s *Store) CountDatabases(ctx context.Context, e meta.Entity) (meta.DatabaseCounts, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	var n meta.DatabaseCounts
	err := s.db.Reader().QueryRowContext(ctx, `
		SELECT
			(SELECT count(*) FROM database WHERE entity_id = $1 AND deleted_at IS NULL),
			(SELECT count(*) FROM database WHERE entity_id = $1 AND deleted_at IS NOT NULL),
			(SELECT count(*) FROM purge_queue WHERE entity_slug = $2 AND reservation IS NOT NULL)`,
		e.ID, e.Slug).Scan(&n.Live, &n.Deleted, &n.Reserved)
	return n, sqldb.Error(err)
}

// CreateDatabase records a database under a new id. Conflict when the owner has a
// database of that name or the path is not free; see CheckPathFree. NotFound when
// the owner does not exist.
func (s *Store) CreateDatabase(ctx context.Context, d meta.Database) error {
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockEntity(ctx, tx, d.Owner, d.Path.Entity); err != nil {
			return err
		}
		if err := requireFreePath(ctx, tx, d.Path); err != nil {
			return err
		}
		return insertDatabase(ctx, tx, d, meta.Origin{})
	})
}

// insertDatabase records a database; from is zero if it is no copy. An earlier
// database that had the name is no longer found under it.
func insertDatabase(ctx context.Context, tx *sql.Tx, d meta.Database, from meta.Origin) error {
	kind, err := encode(databaseTypes, d.Type)
	if err != nil {
		return err
	}
	public, err := encode(publicLevels, d.Public)
	if err != nil {
		return err
	}
	var id sql.NullInt64
	var path sql.NullString
	if from.Database != 0 {
		id, path = sql.NullInt64{Int64: int64(from.Database), Valid: true}, nullText(from.Path.String())
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO database (slug, db_type, entity_id, public_sharing_level, node_id, created_at, forked_from, forked_at, forked_path)
		VALUES ($1, $2, $3, $4, $5, $6, (SELECT id FROM database WHERE id = $7), $8, $9)`,
		d.Path.Database, kind, d.Owner, public, d.Node, formatTime(d.CreatedAt), id, nullTime(from.At), path)
	switch {
	case errs.Is(sqldb.Error(err), errs.Conflict):
		return errs.E(errs.Conflict, "Database already exists")
	case sqldb.IsReferenceError(err):
		return errs.RecordNotFound("entity", string(d.Path.Entity))
	case err != nil:
		return err
	}
	return forgetAlias(ctx, tx, d.Owner, d.Path.Database)
}

// SetPublicLevel changes what all accounts may do with a database. NotFound when
// it does not exist.
func (s *Store) SetPublicLevel(ctx context.Context, id meta.DatabaseID, level ayb.PublicLevel) error {
	n, err := encode(publicLevels, level)
	if err != nil {
		return sqldb.Error(err)
	}
	return s.db.Transact(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE database SET public_sharing_level = $1 WHERE id = $2`, n, id)
		return sqldb.RequireRow(res, err, errs.RecordNotFound("database", fmt.Sprint(id)))
	})
}

// scanDatabase reads the columns of a database. Columns after them are read into
// more.
func scanDatabase(row scanner, more ...any) (meta.Database, error) {
	var (
		d            meta.Database
		kind, public int64
		node         sql.NullString
		created      sql.NullTime
	)
	err := row.Scan(append([]any{&d.ID, &d.Owner, &d.Path.Entity, &d.Path.Database, &kind, &public, &node, &created}, more...)...)
	if err != nil {
		return meta.Database{}, err
	}
	if d.Type, err = decode(databaseTypes, kind); err != nil {
		return meta.Database{}, err
	}
	if d.Public, err = decode(publicLevels, public); err != nil {
		return meta.Database{}, err
	}
	d.Node, d.CreatedAt = meta.NodeID(node.String), readTime(created)
	return d, nil
}

// scanDatabases reads all rows and closes them.
func scanDatabases(rows *sql.Rows) ([]meta.Database, error) {
	defer rows.Close()
	var out []meta.Database
	for rows.Next() {
		d, err := scanDatabase(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
