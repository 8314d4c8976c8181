package cache

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
)

// Reservations are the store's methods on paths that are kept for databases
// which are being created from data.
type Reservations interface {
	ReserveDatabase(ctx context.Context, d meta.Database, now, until time.Time) (meta.Reservation, error)
	RenewReservation(ctx context.Context, r meta.Reservation, until time.Time) error
	ReleaseReservation(ctx context.Context, r meta.Reservation, until time.Time) (held bool, err error)
	CreateReserved(ctx context.Context, r meta.Reservation, d meta.Database, from meta.Origin) error
}

// ReserveDatabase is the store's.
func (c *Cache) ReserveDatabase(ctx context.Context, d meta.Database, now, until time.Time) (meta.Reservation, error) {
	return c.store.ReserveDatabase(ctx, d, now, until)
}

// RenewReservation is the store's.
func (c *Cache) RenewReservation(ctx context.Context, r meta.Reservation, until time.Time) error {
	return c.store.RenewReservation(ctx, r, until)
}

// ReleaseReservation is the store's.
func (c *Cache) ReleaseReservation(ctx context.Context, r meta.Reservation, until time.Time) (held bool, err error) {
	return c.store.ReleaseReservation(ctx, r, until)
}

// CreateReserved is the store's; see CreateDatabase for what it forgets.
func (c *Cache) CreateReserved(ctx context.Context, r meta.Reservation, d meta.Database, from meta.Origin) error {
	err := c.store.CreateReserved(ctx, r, d, from)
	c.InvalidateDatabase(d.Path)
	return err
}

// SnapshotNotes are the store's methods on the notes of snapshots. They decide
// nothing and are not remembered.
type SnapshotNotes interface {
	NoteSnapshot(ctx context.Context, id meta.DatabaseID, n meta.SnapshotNote, keep int) error
	SnapshotNotes(ctx context.Context, id meta.DatabaseID) ([]meta.SnapshotNote, error)
}

// NoteSnapshot is the store's.
func (c *Cache) NoteSnapshot(ctx context.Context, id meta.DatabaseID, n meta.SnapshotNote, keep int) error {
	return c.store.NoteSnapshot(ctx, id, n, keep)
}

// SnapshotNotes is the store's.
func (c *Cache) SnapshotNotes(ctx context.Context, id meta.DatabaseID) ([]meta.SnapshotNote, error) {
	return c.store.SnapshotNotes(ctx, id)
}
