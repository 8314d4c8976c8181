package cache

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Grants are the store's methods on grants. GrantOf, which every request of
// somebody else than the owner needs, is cached.
type Grants interface {
	// GrantOf is ShareNone when there is none.
	GrantOf(ctx context.Context, entity meta.EntityID, database meta.DatabaseID) (ayb.SharingLevel, error)
	GrantsOn(ctx context.Context, id meta.DatabaseID) ([]meta.Grant, error)
	SetGrant(ctx context.Context, g meta.Grant) error
	RemoveGrant(ctx context.Context, entity meta.EntityID, database meta.DatabaseID) error
	DatabasesFor(ctx context.Context, owner, viewer meta.EntityID) ([]meta.Access, error)
	SharedWith(ctx context.Context, id meta.EntityID) ([]meta.Access, error)
}

// record is a database as it was looked up, under a number of its own. Grants
// are remembered under that number: forgetting the record forgets them all,
// also one whose look-up began before the change and ends after it.
type record struct {
	meta.Database
	number uint64
}

type grantKey struct {
	record   uint64
	database meta.DatabaseID
	entity   meta.EntityID
}

func (c *Cache) loadRecord(ctx context.Context, path ayb.DatabasePath) (record, error) {
	d, err := c.Store.DatabaseByPath(ctx, path)
	return record{d, c.records.Add(1)}, err
}

func (c *Cache) loadGrant(ctx context.Context, k grantKey) (ayb.SharingLevel, error) {
	return c.Store.GrantOf(ctx, k.entity, k.database)
}

// DatabaseFor gives a database with what an entity has been granted on it,
// from memory when it can. Zero is nobody, who has no grants; neither has the
// owner. NotFound when there is no such database.
func (c *Cache) DatabaseFor(ctx context.Context, path ayb.DatabasePath, viewer meta.EntityID) (meta.Access, error) {
	var r record
	var err error
	remember := c.fresh()
	if remember {
		r, err = c.databases.get(ctx, path)
	} else {
		r, err = c.loadRecord(ctx, path)
	}
	if err != nil || viewer == 0 || viewer == r.Owner {
		return meta.Access{Database: r.Database, Grant: ayb.ShareNone}, err
	}
	load := c.loadGrant
	if remember {
		load = c.grants.get
	}
	grant, err := load(ctx, grantKey{r.number, r.ID, viewer})
	return meta.Access{Database: r.Database, Grant: grant}, err
}

// SetGrant is the store's, for the database d; from its return on every grant
// on it is looked up anew. That holds when it fails too: a failed commit may
// have happened.
func (c *Cache) SetGrant(ctx context.Context, d meta.Database, g meta.Grant) error {
	err := c.Store.SetGrant(ctx, g)
	return changeError(err, c.forgetDatabases(d.Path))
}

// RemoveGrant is the store's; see SetGrant.
func (c *Cache) RemoveGrant(ctx context.Context, d meta.Database, entity meta.EntityID) error {
	err := c.Store.RemoveGrant(ctx, entity, d.ID)
	return changeError(err, c.forgetDatabases(d.Path))
}

// SetPublicLevel is the store's; from its return on the database is looked up
// anew.
func (c *Cache) SetPublicLevel(ctx context.Context, d meta.Database, level ayb.PublicLevel) error {
	err := c.Store.SetPublicLevel(ctx, d.ID, level)
	return changeError(err, c.forgetDatabases(d.Path))
}
