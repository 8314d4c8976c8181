package databases

import (
	"context"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Rename changes the name of a database within its account. The old name leads to
// it until a database takes that name. Snapshots follow later. Errors: those of
// findOwned; Invalid for a name of another account; InvalidSlug; Conflict when the
// name is in use, also by a deleted database; Unavailable when the node does not
// answer: the database is renamed as soon as the node does.
func (d *Databases) Rename(ctx context.Context, actor authz.Actor, entity, database, to string) error {
	db, err := d.findOwned(ctx, actor, authz.RenameDatabase, entity, database, "rename")
	if err != nil {
		return err
	}
	name, err := newName(db, to)
	if err != nil {
		return err
	}
	unlock := d.creating.Lock(db.Owner)
	defer unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operationTimeout)
	defer cancel()
	now := d.deps.Now()
	if err := d.deps.Store.Operations.BeginRename(ctx, db, name, now, now.Add(reconcile.OperationLease)); err != nil {
		return nameMissing(err, db.Path)
	}
	return d.deps.Operations.CarryOut(ctx, meta.PendingOperation{Kind: meta.OperationRename, Database: db, To: name})
}

// newName parses the new name of a database.
func newName(db meta.Database, to string) (ayb.DatabaseSlug, error) {
	entity, name, ok := strings.Cut(to, "/")
	switch {
	case !ok:
		return "", errs.E(errs.Invalid, "The new name must look like ENTITY/DATABASE")
	case ayb.FoldEntity(entity) != db.Path.Entity:
		return "", errs.E(errs.Invalid, "A database stays with its owner, %s; fork it to have it under another account", db.Path.Entity)
	}
	slug, err := ayb.ParseDatabaseSlug(name)
	if err == nil && slug == db.Path.Database {
		err = errs.E(errs.Invalid, "%s has that name already", db.Path)
	}
	return slug, err
}
