package store

import (
	"context"
	"database/sql"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/sqldb"
)

// DatabasesFor returns the databases of an account with the grants of the viewer,
// the newest first, in one statement. Viewer zero is an anonymous caller. The
// caller decides which of them the viewer may see.
func (s *Store) DatabasesFor(ctx context.Context, owner, viewer meta.EntityID) ([]meta.Access, error) {
	return s.queryAccesses(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, p.sharing_level
		FROM entity e JOIN database d ON d.entity_id = e.id
		LEFT JOIN entity_database_permission p ON p.database_id = d.id AND p.entity_id = $1
		WHERE e.id = $2 AND d.deleted_at IS NULL ORDER BY d.id DESC`, viewer, owner)
}

// SharedWith returns the databases of other accounts on which an account has a
// grant, the newest first. Databases that are only public are left out.
func (s *Store) SharedWith(ctx context.Context, id meta.EntityID) ([]meta.Access, error) {
	return s.queryAccesses(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, p.sharing_level
		FROM entity_database_permission p
		JOIN database d ON d.id = p.database_id
		JOIN entity e ON e.id = d.entity_id
		WHERE p.entity_id = $1 AND d.deleted_at IS NULL ORDER BY d.id DESC`, id)
}

// maxForks is how many copies of a database Lineage returns, the newest.
const maxForks = 1000

// Lineage returns the database that this one was copied from, if it still exists,
// and the copies of this one, the newest first, with the grants of the viewer. The
// caller decides which of them the viewer may see.
func (s *Store) Lineage(ctx context.Context, id meta.DatabaseID, viewer meta.EntityID) (from, forks []meta.Access, err error) {
	from, err = s.queryAccesses(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, p.sharing_level
		FROM database f JOIN database d ON d.id = f.forked_from AND d.deleted_at IS NULL
		JOIN entity e ON e.id = d.entity_id
		LEFT JOIN entity_database_permission p ON p.database_id = d.id AND p.entity_id = $1
		WHERE f.id = $2`, viewer, id)
	if err != nil {
		return nil, nil, err
	}
	forks, err = s.queryAccesses(ctx, `
		SELECT d.id, d.entity_id, e.slug, d.slug, d.db_type, d.public_sharing_level, d.node_id, d.created_at, p.sharing_level
		FROM database d JOIN entity e ON e.id = d.entity_id
		LEFT JOIN entity_database_permission p ON p.database_id = d.id AND p.entity_id = $1
		WHERE d.forked_from = $2 AND d.deleted_at IS NULL ORDER BY d.id DESC LIMIT $3`, viewer, id, maxForks)
	return from, forks, err
}

func (s *Store) queryAccesses(ctx context.Context, query string, args ...any) ([]meta.Access, error) {
	ctx, cancel := sqldb.WithTimeout(ctx)
	defer cancel()
	rows, err := s.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, sqldb.Error(err)
	}
	defer rows.Close()
	var out []meta.Access
	for rows.Next() {
		var (
			a meta.Access
			n sql.NullInt64
		)
		if a.Database, err = scanDatabase(rows, &n); err == nil {
			a.Grant, err = readGrant(n)
		}
		if err != nil {
			return nil, sqldb.Error(err)
		}
		out = append(out, a)
	}
	return out, sqldb.Error(rows.Err())
}
