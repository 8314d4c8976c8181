package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// lockEntity keeps others from giving or taking names among the databases of an
// entity until the transaction ends. NotFound, under this name, when it is gone.
func (s *Store) lockEntity(ctx context.Context, tx *sql.Tx, id meta.EntityID, name ayb.EntitySlug) error {
	var slug string
	err := tx.QueryRowContext(ctx, `SELECT slug FROM entity WHERE id = $1`+s.db.RowLock("entity"), id).Scan(&slug)
	if errors.Is(err, sql.ErrNoRows) {
		return errs.RecordNotFound("entity", string(name))
	}
	return err
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// requireFreePath keeps a path free while files are or may be there that are not
// those of a database of that name: of one that was deleted and still has to
// go, of one that is being made, or of one that is on its way to or from it.
func requireFreePath(ctx context.Context, q queryer, path ayb.DatabasePath) error {
	var going, made, pending int
	err := q.QueryRowContext(ctx, `
		SELECT
			(SELECT count(*) FROM purge_queue WHERE entity_slug = $1 AND database_slug = $2 AND reservation IS NULL),
			(SELECT count(*) FROM purge_queue WHERE entity_slug = $1 AND database_slug = $2 AND reservation IS NOT NULL),
			(SELECT count(*) FROM entity e JOIN database d ON d.entity_id = e.id
				WHERE e.slug = $1 AND d.pending_operation IS NOT NULL AND (d.pending_slug = $2 OR d.slug = $2 AND d.deleted_at IS NOT NULL))`,
		path.Entity, path.Database).Scan(&going, &made, &pending)
	switch {
	case err != nil:
		return err
	case going > 0:
		return errs.E(errs.Conflict, "A deleted database of that name is still being removed; try again later")
	case made > 0:
		return errs.E(errs.Conflict, "A database of that name is being made, or was and failed; try again later")
	case pending > 0:
		return errs.E(errs.Conflict, "A database of that name is being renamed or deleted; try again later")
	}
	return nil
}

// CheckPathFree is Conflict while no database can be made at a path although none
// has it: see requireFreePath.
func (s *Store) CheckPathFree(ctx context.Context, path ayb.DatabasePath) error {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	return sqldb.Error(requireFreePath(ctx, s.db.Reader(), path))
}

// ResolveRenamed gives the path that the database has now which had this one before.
// NotFound when there is none.
func (s *Store) ResolveRenamed(ctx context.Context, path ayb.DatabasePath) (ayb.DatabasePath, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	now := ayb.DatabasePath{Entity: path.Entity}
	err := s.db.Reader().QueryRowContext(ctx, `
		SELECT d.slug FROM entity e
		JOIN database_alias a ON a.entity_id = e.id
		JOIN database d ON d.id = a.database_id AND d.deleted_at IS NULL
		WHERE e.slug = $1 AND a.slug = $2`, path.Entity, path.Database).Scan(&now.Database)
	if sqldb.IsMissing(err) {
		return ayb.DatabasePath{}, errs.RecordNotFound("database", path.String())
	}
	return now, sqldb.Error(err)
}

func forgetAlias(ctx context.Context, tx *sql.Tx, owner meta.EntityID, name ayb.DatabaseSlug) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM database_alias WHERE entity_id = $1 AND slug = $2`, owner, name)
	return err
}

// CountDatabases counts what an entity has.
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

// DatabasesAfter gives at most n databases in the order of their numbers, those
// above after. Deleted ones and those whose files change their place are left
// out.
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
