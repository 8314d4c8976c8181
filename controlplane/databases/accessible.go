package databases

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Level returns a database and the level at which the caller may query it; the
// level can be no access. Errors are those of Details.
func (d *Databases) Level(ctx context.Context, actor authz.Actor, entity, database string) (meta.Database, ayb.QueryLevel, error) {
	found, err := d.findVisible(ctx, actor, entity, database)
	return found.Database, found.Rights.Query, err
}

// Accessible lists the databases that the caller can query at least at a level:
// their own, then those shared with them, each newest first. Public databases
// without a grant are left out.
func (d *Databases) Accessible(ctx context.Context, actor authz.Actor, level ayb.QueryLevel) ([]meta.Database, error) {
	own, err := d.deps.Store.Listings.DatabasesFor(ctx, actor.Entity, actor.Entity)
	if err != nil {
		return nil, err
	}
	shared, err := d.deps.Store.Listings.SharedWith(ctx, actor.Entity)
	if err != nil {
		return nil, err
	}
	var out []meta.Database
	for _, found := range append(own, shared...) {
		if authz.RightsOn(actor, found.Database, found.Grant).Query.Covers(level) {
			out = append(out, found.Database)
		}
	}
	return out, nil
}
