package cache

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Making are the store's methods on databases that are made from data.
type Making interface {
	ReserveDatabase(ctx context.Context, d meta.Database, now, until time.Time) (meta.Reservation, error)
	RenewReservation(ctx context.Context, r meta.Reservation, until time.Time) error
	ReleaseReservation(ctx context.Context, r meta.Reservation, until time.Time) (theirs bool, err error)
	CreateReserved(ctx context.Context, r meta.Reservation, d meta.Database, from meta.Origin) error
}

// PendingOperations are the store's methods on databases that change their place.
type PendingOperations interface {
	BeginDeletion(ctx context.Context, d meta.Database, now, until time.Time) error
	BeginUndeletion(ctx context.Context, owner meta.EntityID, path ayb.DatabasePath, now, until time.Time) (meta.PendingOperation, error)
	BeginRename(ctx context.Context, d meta.Database, to ayb.DatabaseSlug, now, until time.Time) error
	ClaimOperations(ctx context.Context, n int, now, until time.Time) ([]meta.PendingOperation, error)
	PostponeOperation(ctx context.Context, id meta.DatabaseID, until time.Time) error
	CompleteOperation(ctx context.Context, m meta.PendingOperation, now time.Time) error
	CancelOperation(ctx context.Context, m meta.PendingOperation) error
	PurgeDeleted(ctx context.Context, until, now time.Time, n int) (gone int, tokens []string, err error)
}

// Names are the store's methods on names and numbers of databases; none is
// cached.
type Names interface {
	CheckPathFree(ctx context.Context, path ayb.DatabasePath) error
	ResolveRenamed(ctx context.Context, path ayb.DatabasePath) (ayb.DatabasePath, error)
	CountDatabases(ctx context.Context, e meta.Entity) (meta.DatabaseCounts, error)
	DeletedOf(ctx context.Context, owner meta.EntityID) ([]meta.Deleted, error)
}

// Notes are the store's methods on what decides nothing; none is cached.
type Notes interface {
	NoteSnapshot(ctx context.Context, id meta.DatabaseID, n meta.SnapshotNote, keep int) error
	SnapshotNotes(ctx context.Context, id meta.DatabaseID) ([]meta.SnapshotNote, error)
	Lineage(ctx context.Context, id meta.DatabaseID, viewer meta.EntityID) (from, forks []meta.Access, err error)
}

// CreateReserved is the store's; see CreateDatabase.
func (c *Cache) CreateReserved(ctx context.Context, r meta.Reservation, d meta.Database, from meta.Origin) error {
	err := c.Store.CreateReserved(ctx, r, d, from)
	c.InvalidateDatabase(d.Path)
	return err
}

// BeginDeletion is the store's; from its return on the database is looked up
// anew, which finds none.
func (c *Cache) BeginDeletion(ctx context.Context, d meta.Database, now, until time.Time) error {
	err := c.Store.BeginDeletion(ctx, d, now, until)
	return changeError(err, c.forgetDatabases(d.Path))
}

// BeginRename is the store's; from its return on the database is looked up
// anew.
func (c *Cache) BeginRename(ctx context.Context, d meta.Database, to ayb.DatabaseSlug, now, until time.Time) error {
	err := c.Store.BeginRename(ctx, d, to, now, until)
	return changeError(err, c.forgetDatabases(d.Path))
}

// CompleteOperation is the store's; from its return on the database is looked up anew
// under both of its names.
func (c *Cache) CompleteOperation(ctx context.Context, m meta.PendingOperation, now time.Time) error {
	err := c.Store.CompleteOperation(ctx, m, now)
	return changeError(err, c.operationEnded(m))
}

// CancelOperation is the store's; see CompleteOperation.
func (c *Cache) CancelOperation(ctx context.Context, m meta.PendingOperation) error {
	err := c.Store.CancelOperation(ctx, m)
	return changeError(err, c.operationEnded(m))
}

func (c *Cache) operationEnded(m meta.PendingOperation) error {
	paths := []ayb.DatabasePath{m.Database.Path}
	if m.To != "" {
		paths = append(paths, ayb.DatabasePath{Entity: m.Database.Path.Entity, Database: m.To})
	}
	return c.forgetDatabases(paths...)
}

// PurgeDeleted is the store's; from its return on the tokens are looked up
// anew, which finds none.
func (c *Cache) PurgeDeleted(ctx context.Context, until, now time.Time, n int) (int, []string, error) {
	gone, tokens, err := c.Store.PurgeDeleted(ctx, until, now, n)
	if len(tokens) == 0 {
		return gone, tokens, err
	}
	return gone, tokens, changeError(err, c.forgetTokens(tokens...))
}
