package cache

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Databases are the store's methods on databases. DatabaseByPath, which every
// query needs, is remembered.
type Databases interface {
	DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error)
	CheckPathFree(ctx context.Context, path ayb.DatabasePath) error
	ResolveRenamed(ctx context.Context, path ayb.DatabasePath) (ayb.DatabasePath, error)
	CountDatabases(ctx context.Context, e meta.Entity) (meta.DatabaseCounts, error)
	CreateDatabase(ctx context.Context, d meta.Database) error
	SetPublicLevel(ctx context.Context, id meta.DatabaseID, level ayb.PublicLevel) error
	PurgeDeleted(ctx context.Context, until, now time.Time, n int) (purged int, tokens []string, err error)
}

// DatabaseByPath is the store's, from memory if possible.
func (c *Cache) DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error) {
	if !c.fresh() {
		return c.store.DatabaseByPath(ctx, path)
	}
	r, err := c.databases.get(ctx, path)
	return r.Database, err
}

// CheckPathFree is the store's.
func (c *Cache) CheckPathFree(ctx context.Context, path ayb.DatabasePath) error {
	return c.store.CheckPathFree(ctx, path)
}

// ResolveRenamed is the store's.
func (c *Cache) ResolveRenamed(ctx context.Context, path ayb.DatabasePath) (ayb.DatabasePath, error) {
	return c.store.ResolveRenamed(ctx, path)
}

// CountDatabases is the store's.
func (c *Cache) CountDatabases(ctx context.Context, e meta.Entity) (meta.DatabaseCounts, error) {
	return c.store.CountDatabases(ctx, e)
}

// CreateDatabase is the store's, and ends a look-up of the path that is under
// way. The peers need no word of it: a missing database is not remembered.
func (c *Cache) CreateDatabase(ctx context.Context, d meta.Database) error {
	err := c.store.CreateDatabase(ctx, d)
	c.InvalidateDatabase(d.Path)
	return err
}

// SetPublicLevel is the store's, and forgets the database.
func (c *Cache) SetPublicLevel(ctx context.Context, d meta.Database, level ayb.PublicLevel) error {
	err := c.store.SetPublicLevel(ctx, d.ID, level)
	return changeError(err, c.forgetDatabases(d.Path))
}

// PurgeDeleted is the store's, and forgets the tokens that were limited to the
// databases. The databases themselves were forgotten when they were deleted.
func (c *Cache) PurgeDeleted(ctx context.Context, until, now time.Time, n int) (int, []string, error) {
	purged, tokens, err := c.store.PurgeDeleted(ctx, until, now, n)
	if len(tokens) == 0 {
		return purged, tokens, err
	}
	return purged, tokens, changeError(err, c.forgetTokens(tokens...))
}

// Listings are the store's lists of databases; they are not remembered.
type Listings interface {
	DatabasesOf(ctx context.Context, id meta.EntityID) ([]meta.Database, error)
	DatabasesFor(ctx context.Context, owner, viewer meta.EntityID) ([]meta.Access, error)
	SharedWith(ctx context.Context, id meta.EntityID) ([]meta.Access, error)
	DeletedOf(ctx context.Context, owner meta.EntityID) ([]meta.Deleted, error)
	Lineage(ctx context.Context, id meta.DatabaseID, viewer meta.EntityID) (from, forks []meta.Access, err error)
}

// DatabasesOf is the store's.
func (c *Cache) DatabasesOf(ctx context.Context, id meta.EntityID) ([]meta.Database, error) {
	return c.store.DatabasesOf(ctx, id)
}

// DatabasesFor is the store's.
func (c *Cache) DatabasesFor(ctx context.Context, owner, viewer meta.EntityID) ([]meta.Access, error) {
	return c.store.DatabasesFor(ctx, owner, viewer)
}

// SharedWith is the store's.
func (c *Cache) SharedWith(ctx context.Context, id meta.EntityID) ([]meta.Access, error) {
	return c.store.SharedWith(ctx, id)
}

// DeletedOf is the store's.
func (c *Cache) DeletedOf(ctx context.Context, owner meta.EntityID) ([]meta.Deleted, error) {
	return c.store.DeletedOf(ctx, owner)
}

// Lineage is the store's.
func (c *Cache) Lineage(ctx context.Context, id meta.DatabaseID, viewer meta.EntityID) (from, forks []meta.Access, err error) {
	return c.store.Lineage(ctx, id, viewer)
}
