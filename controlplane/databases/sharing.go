package databases

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Sharing is what a caller asks to be granted, as it was typed.
type Sharing struct {
	Entity   string
	Database string
	// To is the entity the grant is for.
	To string
	// Level is the spelling of ayb.SharingLevel; no-access takes the grant
	// back.
	Level string
}

// Share grants an entity rights on a database, changes them, or takes them
// back, also from a manager and from the caller. The next request of that
// entity is decided by them.
//
// Errors, in the order of the checks: NotFound for a missing database of the
// caller's own; Invalid for the level; NotFound for the entity;
// OwnerPermissions when the entity is the owner; Forbidden when the caller may
// not manage the database, or there is none (S22).
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
	to, err := d.deps.Store.Lookup.EntityBySlug(ctx, ayb.FoldEntity(req.To)) // A4
	switch {
	case err != nil:
		return err
	case to.Slug == path.Entity: // by name, so that it holds for a missing database too
		return errs.E(errs.OwnerPermissions, "%s owns %s, so their permissions can't be changed", to.Slug, path)
	case !rights.Manage:
		return errs.E(errs.Forbidden, "Authenticated entity %s can't set permissions for database %s", actor.Slug, path)
	case level == ayb.ShareNone:
		return d.deps.Store.Grants.RemoveGrant(ctx, db, to.ID)
	}
	err = d.deps.Store.Grants.SetGrant(ctx, db, meta.Grant{Entity: to.ID, Database: db.ID, Level: level, CreatedAt: d.deps.Now()})
	return nameMissing(err, path)
}

// nameMissing names the database that a change did not find any more.
func nameMissing(err error, path ayb.DatabasePath) error {
	if errs.Is(err, errs.NotFound) {
		return errs.RecordNotFound("database", path.String())
	}
	return err
}

// Permissions lists the grants on a database, the oldest first. Errors:
// NotFound for a missing database of the caller's own, Forbidden for every
// other that is missing or the caller may not manage (S22).
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

// Update is what a caller asks to be changed of a database.
type Update struct {
	Entity   string
	Database string
	// Public is the spelling of ayb.PublicLevel; nil leaves it as it is.
	Public *string
}

// Update changes what everybody may do with a database. The next request is
// decided by it. Errors, in the order of the checks: NotFound for a missing
// database of the caller's own; Forbidden for every other that is missing or
// the caller may not manage (S22); EmptyUpdate; Invalid for the level.
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
