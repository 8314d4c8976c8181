package cache

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// PendingOperations are the store's methods on deletions, undeletions and
// renames.
type PendingOperations interface {
	BeginDeletion(ctx context.Context, d meta.Database, now, until time.Time) error
	BeginUndeletion(ctx context.Context, owner meta.EntityID, path ayb.DatabasePath, now, until time.Time) (meta.PendingOperation, error)
	BeginRename(ctx context.Context, d meta.Database, to ayb.DatabaseSlug, now, until time.Time) error
	ClaimOperations(ctx context.Context, n int, now, until time.Time) ([]meta.PendingOperation, error)
	PostponeOperation(ctx context.Context, id meta.DatabaseID, until time.Time) error
	CompleteOperation(ctx context.Context, o meta.PendingOperation, now time.Time) error
	CancelOperation(ctx context.Context, o meta.PendingOperation) error
}

// BeginDeletion is the store's, and forgets the database.
func (c *Cache) BeginDeletion(ctx context.Context, d meta.Database, now, until time.Time) error {
	err := c.store.BeginDeletion(ctx, d, now, until)
	return changeError(err, c.forgetDatabases(d.Path))
}

// BeginUndeletion is the store's.
func (c *Cache) BeginUndeletion(ctx context.Context, owner meta.EntityID, path ayb.DatabasePath, now, until time.Time) (meta.PendingOperation, error) {
	return c.store.BeginUndeletion(ctx, owner, path, now, until)
}

// BeginRename is the store's, and forgets the database.
func (c *Cache) BeginRename(ctx context.Context, d meta.Database, to ayb.DatabaseSlug, now, until time.Time) error {
	err := c.store.BeginRename(ctx, d, to, now, until)
	return changeError(err, c.forgetDatabases(d.Path))
}

// ClaimOperations is the store's.
func (c *Cache) ClaimOperations(ctx context.Context, n int, now, until time.Time) ([]meta.PendingOperation, error) {
	return c.store.ClaimOperations(ctx, n, now, until)
}

// PostponeOperation is the store's.
func (c *Cache) PostponeOperation(ctx context.Context, id meta.DatabaseID, until time.Time) error {
	return c.store.PostponeOperation(ctx, id, until)
}

// CompleteOperation is the store's, and forgets the database under both of its
// names.
func (c *Cache) CompleteOperation(ctx context.Context, o meta.PendingOperation, now time.Time) error {
	err := c.store.CompleteOperation(ctx, o, now)
	return changeError(err, c.forgetOperation(o))
}

// CancelOperation is the store's, and forgets the database under both of its
// names.
func (c *Cache) CancelOperation(ctx context.Context, o meta.PendingOperation) error {
	err := c.store.CancelOperation(ctx, o)
	return changeError(err, c.forgetOperation(o))
}

func (c *Cache) forgetOperation(o meta.PendingOperation) error {
	paths := []ayb.DatabasePath{o.Database.Path}
	if o.To != "" {
		paths = append(paths, ayb.DatabasePath{Entity: o.Database.Path.Entity, Database: o.To})
	}
	return c.forgetDatabases(paths...)
}
