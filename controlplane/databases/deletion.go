package databases

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// findOwned returns a database of the caller's own; doing is the verb of the
// refusal. Errors: NotFound for a missing one; Forbidden for every name of another
// account, so that the existence of a database stays secret.
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

// operationTimeout limits a delete, undelete or rename, which is carried out even
// after the caller has gone.
const operationTimeout = time.Minute

// Delete soft-deletes a database: every request finds it missing. Undelete
// restores it, with grants and tokens, for Config.Grace. Its name is free as soon
// as the node has moved its files. Errors: those of findOwned; Conflict while the
// database is being renamed, and for a former name, because the caller may mean
// another database.
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
	// The record is deleted. Files that stay now are moved later.
	d.deps.Operations.TryNow(ctx, meta.PendingOperation{Kind: meta.OperationDelete, Database: db})
	return nil
}

// Undelete restores the database that was deleted last under a name. Errors:
// Forbidden for a name of another account; NotFound when there is no deleted
// database of that name; Conflict when the name is in use again; Unavailable when
// its node does not answer: it is undeleted as soon as the node does.
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
