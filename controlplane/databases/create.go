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

// NewDatabase is what a caller asks for, as it was typed.
type NewDatabase struct {
	Entity   string
	Database string
	// Type and Public are the spellings of ayb. An empty Public is no-access.
	Type   string
	Public string
}

// createTimeout limits the part of a creation that is carried out even when
// the caller goes away, so that nothing stays half-done.
const createTimeout = 15 * time.Second

// Create makes a database: room on a node first, then the record, without
// which the database does not exist. Either both are there afterwards or
// neither (N11).
//
// Errors, in the order of the checks: InvalidSlug; NotFound for the entity;
// Invalid for the type, then the level; Forbidden when the caller is not the
// entity; Conflict when the database exists; Forbidden when the account has as
// many as it may have; Unavailable or Unsupported when no node takes it.
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

// checkNew makes the checks that need no lock, in the contract's order.
func (d *Databases) checkNew(ctx context.Context, actor authz.Actor, req NewDatabase) (meta.Database, error) {
	slug, err := ayb.ParseDatabaseSlug(req.Database)
	if err != nil {
		return meta.Database{}, err
	}
	owner, err := d.deps.Store.Lookup.EntityBySlug(ctx, ayb.FoldEntity(req.Entity)) // A4
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
	// The name alone is not enough: the caller's account may have been deleted
	// a moment ago and the name registered by somebody else.
	if !actor.ActsAs(owner.Slug) || actor.Entity != owner.ID {
		return meta.Database{}, errs.E(errs.Forbidden, "Authenticated entity %s can't create a database for entity %s", actor.Slug, owner.Slug)
	}
	return meta.Database{
		Owner: owner.ID, Path: ayb.DatabasePath{Entity: owner.Slug, Database: slug}, Type: kind, Public: public,
	}, nil
}

// checkNameAndCount tells whether the name is free and the account has room for one
// more database.
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

// checkCount tells whether an account may have one more database: a new one,
// or one that it has deleted.
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

// keptFactor times as many databases as an account may have may be there with
// the deleted ones: else whoever deletes all the time would fill the disks.
const keptFactor = 2

// discardFiles removes the room of a database that could not be recorded, and
// leaves it alone when a record, of somebody who was faster, says that it is
// in use or when that cannot be known.
func (d *Databases) discardFiles(ctx context.Context, made meta.Database) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	other, err := d.deps.Store.Lookup.DatabaseByPath(ctx, made.Path)
	inUse := err == nil && other.Node == made.Node
	if inUse || err != nil && !errs.Is(err, errs.NotFound) {
		return nil
	}
	if d.deps.Store.Lookup.CheckPathFree(ctx, made.Path) != nil { // another one is on its way to the path, or from it
		return nil
	}
	_, err = d.deps.Files.DiscardDatabase(ctx, nodeapi.NodeID(made.Node), nodeapi.DiscardRequest{Path: made.Path})
	return err
}
