package databases

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// findOwned finds a database of the caller's own. doing says in the refusal what
// others may not do. Errors: NotFound for a missing one, Forbidden for every
// other that is missing or of somebody else (S22).
func (d *Databases) findOwned(ctx context.Context, actor authz.Actor, op authz.Operation, entity, database, doing string) (meta.Database, error) {
	if err := authz.CheckScope(actor, op); err != nil {
		return meta.Database{}, err
	}
	path := pathOf(entity, database)
	db, rights, err := d.resolve(ctx, actor, path)
	if err == nil && !rights.Own {
		err = errs.E(errs.Forbidden, "Authenticated entity %s can't %s database %s", actor.Slug, doing, path)
	}
	return db, err
}

// operationTimeout limits a request that begins or ends a change of place, which is
// carried out even when the caller goes away.
const operationTimeout = time.Minute

// Delete deletes a database. On return it exists for nobody; with Undelete it
// comes back, with its grants and tokens, for as long as Config.Grace. Its name
// is free as soon as the node has put its files away. Errors: those of owned;
// Conflict while it is being renamed, and for a name that it had before: what is
// deleted shall be what was named.
func (d *Databases) Delete(ctx context.Context, actor authz.Actor, entity, database string) error {
	db, err := d.findOwned(ctx, actor, authz.DeleteDatabase, entity, database, "delete")
	if err != nil {
		return err
	}
	if path := pathOf(entity, database); db.Path != path {
		return errs.E(errs.Conflict, "The database %s was renamed and is %s now; delete it by that name", path, db.Path)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTimeout)
	defer cancel()
	now := d.deps.Now()
	if err := d.deps.Store.Operations.BeginDeletion(ctx, db, now, now.Add(reconcile.OperationLease)); err != nil {
		return nameMissing(err, db.Path)
	}
	// It is deleted. Files that are not put away now are later.
	d.deps.Operations.TryNow(ctx, meta.PendingOperation{Kind: meta.OperationDelete, Database: db})
	return nil
}

// Undelete brings back what was deleted last under a name. Errors: Forbidden for
// a name of somebody else, NotFound when there is nothing to bring back, Conflict
// when the name is in use again, Unavailable when its node does not answer: it
// comes back as soon as that does.
func (d *Databases) Undelete(ctx context.Context, actor authz.Actor, entity, database string) error {
	if err := authz.CheckScope(actor, authz.UndeleteDatabase); err != nil {
		return err
	}
	path := pathOf(entity, database)
	if !actor.ActsAs(path.Entity) {
		return errs.E(errs.Forbidden, "Authenticated entity %s can't undelete database %s", actor.Slug, path)
	}
	unlock := d.creating.Lock(actor.Entity)
	defer unlock()
	if err := d.checkCount(ctx, actor.Entity, path.Entity, false); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTimeout)
	defer cancel()
	now := d.deps.Now()
	m, err := d.deps.Store.Operations.BeginUndeletion(ctx, actor.Entity, path, now, now.Add(reconcile.OperationLease))
	if err != nil {
		return err
	}
	return d.deps.Operations.CarryOut(ctx, m)
}
