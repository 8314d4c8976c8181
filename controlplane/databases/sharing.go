package databases

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Sharing describes a grant, in the caller's spelling.
type Sharing struct {
	Entity   string
	Database string
	// To is the entity the grant is for.
	To string
	// Level is the spelling of ayb.SharingLevel; no-access revokes the grant.
	Level string
}

// Share grants an entity rights on a database, changes them, or revokes them. A
// manager may do so for every entity but the owner, itself included. The next
// request of that entity is decided by the new rights.
//
// Errors, in the order of the checks: NotFound for a missing database of the
// caller's own; Invalid for the level; NotFound for the entity;
// OwnerPermissions when the entity is the owner; Forbidden for a database that is
// missing or that the caller does not manage.
func (d *Databases) Share(ctx context.Context, actor authz.Actor, req Sharing) error {
	if err := authz.CheckScope(actor, authz.ShareDatabase); err != nil {
		return err
	}
	path := pathOf(req.Entity, req.Database)
	db, rights, err := d.resolve(ctx, actor, path)
	if err != nil {
		return err
	}
	level, err := ayb.ParseSharingLevel(req.Level)
	if err != nil {
		return err
	}
	to, err := d.deps.Store.Lookup.EntityBySlug(ctx, ayb.FoldEntity(req.To))
	switch {
	case err != nil:
		return err
	case to.Slug == path.Entity: // by name, so that the answer is the same for a missing database
		return errs.E(errs.OwnerPermissions, "%s owns %s, so their permissions can't be changed", to.Slug, path)
	case !rights.Manage:
		return errs.E(errs.Forbidden, "Authenticated entity %s can't set permissions for database %s", actor.Slug, path)
	case level == ayb.ShareNone:
		return d.deps.Store.Grants.RemoveGrant(ctx, db, to.ID)
	}
	err = d.deps.Store.Grants.SetGrant(ctx, db, meta.Grant{Entity: to.ID, Database: db.ID, Level: level, CreatedAt: d.deps.Now()})
	return nameMissing(err, path)
}

// nameMissing puts the path into the error of a change that found the database
// deleted.
func nameMissing(err error, path ayb.DatabasePath) error {
	if errs.Is(err, errs.NotFound) {
		return errs.RecordNotFound("database", path.String())
	}
	return err
}

// Permissions lists the grants on a database, the oldest first. Errors:
// NotFound for a missing database of the caller's own; Forbidden for one that is
// missing or that the caller does not manage.
func (d *Databases) Permissions(ctx context.Context, actor authz.Actor, entity, database string) ([]meta.Grant, error) {
	if err := authz.CheckScope(actor, authz.ListPermissions); err != nil {
		return nil, err
	}
	path := pathOf(entity, database)
	db, rights, err := d.resolve(ctx, actor, path)
	if err != nil {
		return nil, err
	}
	if !rights.Manage {
		return nil, errs.E(errs.Forbidden, "Authenticated entity %s can't list permissions for database %s", actor.Slug, path)
	}
	return d.deps.Store.Grants.GrantsOn(ctx, db.ID)
}

// Update describes a change of a database's properties.
type Update struct {
	Entity   string
	Database string
	// Public is the spelling of ayb.PublicLevel; nil keeps the present level.
	Public *string
}

// Update changes the public level of a database, which decides the next request.
// Errors, in the order of the checks: NotFound for a missing database of the
// caller's own; Forbidden for one that is missing or that the caller does not
// manage; EmptyUpdate; Invalid for the level.
func (d *Databases) Update(ctx context.Context, actor authz.Actor, req Update) error {
	if err := authz.CheckScope(actor, authz.UpdateDatabase); err != nil {
		return err
	}
	path := pathOf(req.Entity, req.Database)
	db, rights, err := d.resolve(ctx, actor, path)
	switch {
	case err != nil:
		return err
	case !rights.Manage:
		return errs.E(errs.Forbidden, "Authenticated entity %s can't update database %s", actor.Slug, path)
	case req.Public == nil:
		return errs.E(errs.EmptyUpdate, "No fields provided to update. Please specify at least one field to update.")
	}
	level, err := ayb.ParsePublicLevel(*req.Public)
	if err != nil {
		return err
	}
	return nameMissing(d.deps.Store.Grants.SetPublicLevel(ctx, db, level), path)
}
