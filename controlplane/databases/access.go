package databases

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Details is a database with the caller's rights on it.
type Details struct {
	Database meta.Database
	Rights   authz.Rights
	// ForkedFrom is the present path of the database that it was forked from; nil
	// for none, and for one that the caller may not discover.
	ForkedFrom *ayb.DatabasePath
	// Forks are the forks that the caller may discover, newest first.
	Forks []ayb.DatabasePath
}

// Details describes a database, with its origin and its forks if lineage is true. Errors
// are those of findVisible.
func (d *Databases) Details(ctx context.Context, actor authz.Actor, entity, database string, lineage bool) (Details, error) {
	out, err := d.findVisible(ctx, actor, entity, database)
	if err != nil || !lineage {
		return out, err
	}
	from, forks, err := d.deps.Store.Listings.Lineage(ctx, out.Database.ID, actor.Entity)
	if err != nil {
		return Details{}, err
	}
	for _, found := range from {
		if authz.RightsOn(actor, found.Database, found.Grant).Discover {
			out.ForkedFrom = &found.Database.Path
		}
	}
	for _, found := range forks {
		if authz.RightsOn(actor, found.Database, found.Grant).Discover {
			out.Forks = append(out.Forks, found.Database.Path)
		}
	}
	return out, nil
}

// findVisible returns a database that the caller may see. Errors: NotFound for a
// missing database of the caller's own. For a database of another account:
// Unauthenticated to an anonymous caller and Hidden to a known one, whether it is
// missing or not, so that its existence stays secret.
func (d *Databases) findVisible(ctx context.Context, actor authz.Actor, entity, database string) (Details, error) {
	if err := authz.CheckScope(actor, authz.ShowDatabase); err != nil {
		return Details{}, err
	}
	path := pathOf(entity, database)
	db, rights, err := d.resolve(ctx, actor, path)
	switch {
	case err != nil:
		return Details{}, err
	case rights.Discover:
		return Details{Database: db, Rights: rights}, nil
	case actor.Anonymous():
		return Details{}, errs.E(errs.Unauthenticated, "Database %s is not accessible", path)
	default:
		return Details{}, errs.E(errs.Hidden, "Authenticated entity %s can't access database %s", actor.Slug, path)
	}
}

// resolve returns a database, by its present or a former name, and the caller's
// rights on it. A missing database of another account is not an error: it is
// returned like one without rights, so that callers refuse both in the same words.
// One of the caller's own is NotFound.
func (d *Databases) resolve(ctx context.Context, actor authz.Actor, path ayb.DatabasePath) (meta.Database, authz.Rights, error) {
	found, err := d.deps.Store.Lookup.DatabaseFor(ctx, path, actor.Entity)
	if errs.Is(err, errs.NotFound) {
		now, rerr := d.deps.Store.Lookup.ResolveRenamed(ctx, path)
		switch {
		case rerr == nil:
			found, err = d.deps.Store.Lookup.DatabaseFor(ctx, now, actor.Entity)
		case !errs.Is(rerr, errs.NotFound):
			err = rerr
		}
	}
	if errs.Is(err, errs.NotFound) && !actor.ActsAs(path.Entity) {
		return meta.Database{}, authz.Rights{}, nil
	}
	if err != nil {
		return meta.Database{}, authz.Rights{}, err
	}
	return found.Database, authz.RightsOn(actor, found.Database, found.Grant), nil
}

func pathOf(entity, database string) ayb.DatabasePath {
	return ayb.DatabasePath{Entity: ayb.FoldEntity(entity), Database: ayb.DatabaseSlug(database)}
}

// EntityDetails is an entity as the caller may see it.
type EntityDetails struct {
	Entity meta.Entity
	// Databases are those the caller may discover, newest first.
	Databases []meta.Database
	// CanCreate reports whether the caller may create databases here.
	CanCreate bool
	// Deleted are the databases that can be undeleted; empty unless the caller
	// is the entity.
	Deleted []DeletedDatabase
	// Shared are the databases of other accounts on which the entity has a grant,
	// newest first; empty unless the caller is the entity.
	Shared []meta.Access
}

// DeletedDatabase is a database that was deleted at a time and can be undeleted
// until another.
type DeletedDatabase struct {
	Name  ayb.DatabaseSlug
	At    time.Time
	Until time.Time
}

// Entity describes an entity and lists those of its databases that the caller may
// discover. NotFound for a missing entity.
func (d *Databases) Entity(ctx context.Context, actor authz.Actor, slug string) (EntityDetails, error) {
	if err := authz.CheckScope(actor, authz.ShowEntity); err != nil {
		return EntityDetails{}, err
	}
	e, err := d.deps.Store.Lookup.EntityBySlug(ctx, ayb.FoldEntity(slug))
	if err != nil {
		return EntityDetails{}, err
	}
	all, err := d.deps.Store.Listings.DatabasesFor(ctx, e.ID, actor.Entity)
	if err != nil {
		return EntityDetails{}, err
	}
	out := EntityDetails{Entity: e, CanCreate: actor.ActsAs(e.Slug)}
	for _, found := range all {
		if authz.RightsOn(actor, found.Database, found.Grant).Discover {
			out.Databases = append(out.Databases, found.Database)
		}
	}
	if !actor.ActsAs(e.Slug) || actor.Entity != e.ID {
		return out, nil
	}
	deleted, err := d.deps.Store.Listings.DeletedOf(ctx, e.ID)
	if err != nil {
		return out, err
	}
	for _, one := range deleted {
		out.Deleted = append(out.Deleted, DeletedDatabase{one.Database.Path.Database, one.At, one.At.Add(d.cfg.Grace)})
	}
	out.Shared, err = d.deps.Store.Listings.SharedWith(ctx, e.ID)
	return out, err
}
