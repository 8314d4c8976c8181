package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// CheckPathFree returns Conflict while files of an earlier or a future database may
// be at a path. It does not look for a database of that path.
func (s *Store) CheckPathFree(ctx context.Context, path ayb.DatabasePath) error {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	return sqldb.Error(requireFreePath(ctx, s.db.Reader(), path))
}

// requireFreePath returns Conflict if one of these may have files at a path: a deleted
// database whose files are not removed yet, a database that is being created, or a
// database with a pending operation.
func requireFreePath(ctx context.Context, q queryer, path ayb.DatabasePath) error {
	var purging, creating, pending int
	err := q.QueryRowContext(ctx, `
		SELECT
			(SELECT count(*) FROM purge_queue WHERE entity_slug = $1 AND database_slug = $2 AND reservation IS NULL),
			(SELECT count(*) FROM purge_queue WHERE entity_slug = $1 AND database_slug = $2 AND reservation IS NOT NULL),
			(SELECT count(*) FROM entity e JOIN database d ON d.entity_id = e.id
				WHERE e.slug = $1 AND d.pending_operation IS NOT NULL AND (d.pending_slug = $2 OR d.slug = $2 AND d.deleted_at IS NOT NULL))`,
		path.Entity, path.Database).Scan(&purging, &creating, &pending)
	switch {
	case err != nil:
		return err
	case purging > 0:
		return errs.E(errs.Conflict, "A deleted database of that name is still being removed; try again later")
	case creating > 0:
		return errs.E(errs.Conflict, "A database of that name is being created, or its creation has failed; try again later")
	case pending > 0:
		return errs.E(errs.Conflict, "A database of that name is being renamed or deleted; try again later")
	}
	return nil
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ResolveRenamed returns the present path of the database that had this path
// before a rename. NotFound when there was no rename.
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

// softDeleteMark separates name and id in the slug of a soft-deleted database. No
// legal name contains it.
const softDeleteMark = "~"

// softDeletedSlug returns the slug under which a soft-deleted database is recorded.
func softDeletedSlug(name ayb.DatabaseSlug, id meta.DatabaseID) string {
	return fmt.Sprintf("%s%s%d", name, softDeleteMark, id)
}

// splitSlug returns the name that a database had before its soft delete, and the
// key of its files, which is its id. The key is empty for any other slug.
func splitSlug(recorded string) (name ayb.DatabaseSlug, key string) {
	before, key, _ := strings.Cut(recorded, softDeleteMark)
	return ayb.DatabaseSlug(before), key
}

// originalSlug returns the name to show of a database that may be soft-deleted.
func originalSlug(recorded string) ayb.DatabaseSlug {
	name, _ := splitSlug(recorded)
	return name
}
