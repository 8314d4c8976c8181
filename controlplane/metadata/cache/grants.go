package cache

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Grants are the store's methods on grants. GrantOf, which every request to a
// database of another account needs, is remembered.
type Grants interface {
	// GrantOf returns ShareNone when there is no grant.
	GrantOf(ctx context.Context, entity meta.EntityID, database meta.DatabaseID) (ayb.SharingLevel, error)
	GrantsOn(ctx context.Context, id meta.DatabaseID) ([]meta.Grant, error)
	SetGrant(ctx context.Context, g meta.Grant) error
	RemoveGrant(ctx context.Context, entity meta.EntityID, database meta.DatabaseID) error
}

// record is a database as it was looked up, under a number of its own. Grants
// are remembered under that number. Forgetting the record therefore forgets
// all its grants, and a grant whose look-up overlaps the change as well.
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
	d, err := c.store.DatabaseByPath(ctx, path)
	return record{d, c.records.Add(1)}, err
}

func (c *Cache) loadGrant(ctx context.Context, k grantKey) (ayb.SharingLevel, error) {
	return c.store.GrantOf(ctx, k.entity, k.database)
}

// DatabaseFor returns a database with what the viewer has been granted on it,
// from memory if possible. Viewer zero is an anonymous caller. Neither that
// caller nor the owner has a grant. NotFound when there is no such database.
func (c *Cache) DatabaseFor(ctx context.Context, path ayb.DatabasePath, viewer meta.EntityID) (meta.Access, error) {
	var r record
	var err error
	fresh := c.fresh()
	if fresh {
		r, err = c.databases.get(ctx, path)
	} else {
		r, err = c.loadRecord(ctx, path)
	}
	if err != nil || viewer == 0 || viewer == r.Owner {
		return meta.Access{Database: r.Database, Grant: ayb.ShareNone}, err
	}
	load := c.loadGrant
	if fresh {
		load = c.grants.get
	}
	grant, err := load(ctx, grantKey{r.number, r.ID, viewer})
	return meta.Access{Database: r.Database, Grant: grant}, err
}

// GrantOf is the store's. DatabaseFor is the one that remembers.
func (c *Cache) GrantOf(ctx context.Context, entity meta.EntityID, database meta.DatabaseID) (ayb.SharingLevel, error) {
	return c.store.GrantOf(ctx, entity, database)
}

// GrantsOn is the store's.
func (c *Cache) GrantsOn(ctx context.Context, id meta.DatabaseID) ([]meta.Grant, error) {
	return c.store.GrantsOn(ctx, id)
}

// SetGrant is the store's, for the database d, and forgets all grants on it.
func (c *Cache) SetGrant(ctx context.Context, d meta.Database, g meta.Grant) error {
	err := c.store.SetGrant(ctx, g)
	return changeError(err, c.forgetDatabases(d.Path))
}

// RemoveGrant is the store's, for the database d, and forgets all grants on it.
func (c *Cache) RemoveGrant(ctx context.Context, d meta.Database, entity meta.EntityID) error {
	err := c.store.RemoveGrant(ctx, entity, d.ID)
	return changeError(err, c.forgetDatabases(d.Path))
}
