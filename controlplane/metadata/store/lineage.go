package store

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
)

// maxForks is how many copies of a database are told of, the newest.
const maxForks = 1000

// Lineage gives the database that another was copied from, if it is still
// there, and its copies, the newest first, each with what the viewer was
// granted on it. Which of them the viewer may see is for the caller to say.
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
