package databases

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// Usage is the space and work of a database and, for its owner, the number of the
// account's databases and the limits.
type Usage struct {
	Path ayb.DatabasePath
	Used nodeapi.UsageResponse
	// Own reports whether the caller is the owner; the rest is empty for others.
	Own bool
	// Databases is the number of the account's databases.
	Databases int
	Limits    limits.Effective
}

// Usage returns what a database uses, without starting its daemon. Errors:
// NotFound for a missing database of the caller's own; Forbidden for one that is
// missing or that the caller does not manage; Unavailable when its node does not
// answer.
func (d *Databases) Usage(ctx context.Context, actor authz.Actor, entity, database string) (Usage, error) {
	db, rights, err := d.findManaged(ctx, actor, authz.ShowUsage, entity, database, "see the usage of database")
	if err != nil {
		return Usage{}, err
	}
	node, err := d.locate(db)
	if err != nil {
		return Usage{}, err
	}
	used, err := d.deps.Files.DatabaseUsage(ctx, node, nodeapi.UsageRequest{Path: db.Path})
	if err != nil {
		return Usage{}, err
	}
	if !rights.Own {
		return Usage{Path: db.Path, Used: used}, nil
	}
	owned, err := d.deps.Store.Accounts.CountDatabases(ctx, meta.Entity{ID: db.Owner, Slug: db.Path.Entity})
	if err != nil {
		return Usage{}, err
	}
	return Usage{Path: db.Path, Used: used, Own: true, Databases: owned.Live, Limits: d.limitsOf(db)}, nil
}
