package databases

import (
	"context"
	"errors"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// NewDatabase describes a database to create, in the caller's spelling.
type NewDatabase struct {
	Entity   string
	Database string
	// Type and Public are the spellings of package ayb. An empty Public is
	// no-access.
	Type   string
	Public string
}

// createTimeout limits the part of a creation that is carried out even after the
// caller has gone.
const createTimeout = 15 * time.Second

// Create creates an empty database: its place on a node first, then the record.
// Without the record there is no database, so after an error the place on the
// node is removed again.
//
// Errors, in the order of the checks: InvalidSlug; NotFound for the entity;
// Invalid for the type, then the level; Forbidden unless the caller is the
// entity; Conflict for a path in use; Forbidden when the account has reached its
// limit; Unavailable or Unsupported when no node takes it.
func (d *Databases) Create(ctx context.Context, actor authz.Actor, req NewDatabase) (meta.Database, error) {
	if err := authz.CheckScope(actor, authz.CreateDatabase); err != nil {
		return meta.Database{}, err
	}
	made, err := d.checkNew(ctx, actor, req)
	if err != nil {
		return meta.Database{}, err
	}
	unlock := d.creating.Lock(made.Owner)
	defer unlock()
	if err := d.checkNameAndCount(ctx, made); err != nil {
		return meta.Database{}, err
	}
	node, err := d.place.Pick(made.Type)
	if err != nil {
		return meta.Database{}, err
	}
	made.Node, made.CreatedAt = meta.NodeID(node), d.deps.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	if _, err := d.deps.Files.CreateDatabase(ctx, node, nodeapi.CreateRequest{Path: made.Path, Type: made.Type}); err != nil {
		return meta.Database{}, err
	}
	if err := d.deps.Store.Creation.CreateDatabase(ctx, made); err != nil {
		return meta.Database{}, errors.Join(err, d.discardFiles(ctx, made))
	}
	return made, nil
}

// checkNew makes the checks that need no lock. Clients rely on their order.
func (d *Databases) checkNew(ctx context.Context, actor authz.Actor, req NewDatabase) (meta.Database, error) {
	slug, err := ayb.ParseDatabaseSlug(req.Database)
	if err != nil {
		return meta.Database{}, err
	}
	owner, err := d.deps.Store.Lookup.EntityBySlug(ctx, ayb.FoldEntity(req.Entity))
	if err != nil {
		return meta.Database{}, err
	}
	kind, err := ayb.ParseDatabaseType(req.Type)
	if err != nil {
		return meta.Database{}, err
	}
	public := ayb.PublicNone
	if req.Public != "" {
		if public, err = ayb.ParsePublicLevel(req.Public); err != nil {
			return meta.Database{}, err
		}
	}
	// The name alone proves nothing: the caller's account may have been deleted a
	// moment ago, and the name registered anew.
	if !actor.ActsAs(owner.Slug) || actor.Entity != owner.ID {
		return meta.Database{}, errs.E(errs.Forbidden, "Authenticated entity %s can't create a database for entity %s", actor.Slug, owner.Slug)
	}
	return meta.Database{
		Owner: owner.ID, Path: ayb.DatabasePath{Entity: owner.Slug, Database: slug}, Type: kind, Public: public,
	}, nil
}

// checkNameAndCount checks that the name is free and that the account may have
// one more database.
func (d *Databases) checkNameAndCount(ctx context.Context, made meta.Database) error {
	_, err := d.deps.Store.Lookup.DatabaseByPath(ctx, made.Path)
	switch {
	case err == nil:
		return errs.E(errs.Conflict, "Database already exists")
	case !errs.Is(err, errs.NotFound):
		return err
	}
	if err := d.deps.Store.Lookup.CheckPathFree(ctx, made.Path); err != nil {
		return err
	}
	return d.checkCount(ctx, made.Owner, made.Path.Entity, true)
}

// checkCount checks that an account may have one more live database; anew is
// false for one that is undeleted.
func (d *Databases) checkCount(ctx context.Context, owner meta.EntityID, name ayb.EntitySlug, anew bool) error {
	may, err := d.ownerLimits(ctx, owner)
	if err != nil {
		return err
	}
	most := may.Value(limits.DatabasesPerAccount)
	if most == 0 {
		return nil
	}
	owned, err := d.deps.Store.Accounts.CountDatabases(ctx, meta.Entity{ID: owner, Slug: name})
	if err != nil {
		return err
	}
	live := owned.Live + owned.Reserved
	switch {
	case int64(live) >= most:
		return errs.E(errs.Forbidden, "%s has %d databases and may have %d %s", name, live, most, limits.DatabasesPerAccount.Hint())
	case anew && int64(live+owned.Deleted) >= keptFactor*most:
		return errs.E(errs.Forbidden, "%s has %d databases and %d deleted ones that are still kept, and may have %d of both %s", name, live, owned.Deleted, keptFactor*most, limits.DatabasesPerAccount.Hint())
	}
	return nil
}

// keptFactor limits the live and deleted databases of an account together, in
// multiples of its limit. Without it, repeated deletion would fill the disks.
const keptFactor = 2

// discardFiles removes the place of a database that could not be recorded. It
// leaves the place alone when another database uses it, or when the store does
// not answer.
func (d *Databases) discardFiles(ctx context.Context, made meta.Database) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	other, err := d.deps.Store.Lookup.DatabaseByPath(ctx, made.Path)
	inUse := err == nil && other.Node == made.Node
	if inUse || err != nil && !errs.Is(err, errs.NotFound) {
		return nil
	}
	if d.deps.Store.Lookup.CheckPathFree(ctx, made.Path) != nil { // files of another database are moving to the path, or from it
		return nil
	}
	_, err = d.deps.Files.DiscardDatabase(ctx, nodeapi.NodeID(made.Node), nodeapi.DiscardRequest{Path: made.Path})
	return err
}
