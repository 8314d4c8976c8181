package databases

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Store is the metadata store, one interface per noun; all are needed, and one
// object may be several of them. A missing record is NotFound.
type Store struct {
	Lookup     Lookup
	Listings   Listings
	Accounts   Accounts
	Creation   Creation
	Operations OperationRecords
	Notes      Notes
	Grants     Grants
}

func (s Store) complete() bool {
	return s.Lookup != nil && s.Listings != nil && s.Accounts != nil && s.Creation != nil && s.Operations != nil && s.Notes != nil && s.Grants != nil
}

// Lookup finds entities and databases by name.
type Lookup interface {
	EntityBySlug(ctx context.Context, slug ayb.EntitySlug) (meta.Entity, error)
	DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error)
	// DatabaseFor returns a database with the viewer's grant on it. The viewer
	// zero is an anonymous caller.
	DatabaseFor(ctx context.Context, path ayb.DatabasePath, viewer meta.EntityID) (meta.Access, error)
	// ResolveRenamed returns the present path of the database that had this one.
	ResolveRenamed(ctx context.Context, path ayb.DatabasePath) (ayb.DatabasePath, error)
	// CheckPathFree returns Conflict when a path that no database has is still in
	// use: it is reserved, or files of an earlier database are there.
	CheckPathFree(ctx context.Context, path ayb.DatabasePath) error
}

// Listings are lists of databases with a viewer's grant on each. They are not
// filtered by what the viewer may see.
type Listings interface {
	// DatabasesFor lists the databases of an owner, newest first.
	DatabasesFor(ctx context.Context, owner, viewer meta.EntityID) ([]meta.Access, error)
	// SharedWith lists the databases of others on which an entity has a
	// grant, newest first.
	SharedWith(ctx context.Context, id meta.EntityID) ([]meta.Access, error)
	// DeletedOf lists the databases of an owner that can be undeleted, the
	// newest deletion first.
	DeletedOf(ctx context.Context, owner meta.EntityID) ([]meta.Deleted, error)
	// Lineage returns the origin of a database, and its forks.
	Lineage(ctx context.Context, id meta.DatabaseID, viewer meta.EntityID) (from, forks []meta.Access, err error)
}

// Accounts returns what an account has and may have.
type Accounts interface {
	// AccountLimits returns the limits that the operator has set for an account.
	AccountLimits(ctx context.Context, id meta.EntityID) (limits.Values, error)
	CountDatabases(ctx context.Context, e meta.Entity) (meta.DatabaseCounts, error)
}

// Creation records new databases. One that is made from data reserves its path
// first. See the store.
type Creation interface {
	// CreateDatabase records a database. Conflict when the path is taken.
	CreateDatabase(ctx context.Context, d meta.Database) error
	ReserveDatabase(ctx context.Context, d meta.Database, now, until time.Time) (meta.Reservation, error)
	RenewReservation(ctx context.Context, r meta.Reservation, until time.Time) error
	ReleaseReservation(ctx context.Context, r meta.Reservation, until time.Time) (theirs bool, err error)
	CreateReserved(ctx context.Context, r meta.Reservation, d meta.Database, from meta.Origin) error
}

// OperationRecords records pending operations, claimed by the caller. See the
// store.
type OperationRecords interface {
	BeginDeletion(ctx context.Context, d meta.Database, now, until time.Time) error
	BeginUndeletion(ctx context.Context, owner meta.EntityID, path ayb.DatabasePath, now, until time.Time) (meta.PendingOperation, error)
	BeginRename(ctx context.Context, d meta.Database, to ayb.DatabaseSlug, now, until time.Time) error
}

// Notes keeps the messages of snapshots. Losing a note does no harm.
type Notes interface {
	NoteSnapshot(ctx context.Context, id meta.DatabaseID, n meta.SnapshotNote, keep int) error
	SnapshotNotes(ctx context.Context, id meta.DatabaseID) ([]meta.SnapshotNote, error)
}

// Grants keeps grants and public levels. A look-up that starts after a change
// has returned sees the change.
type Grants interface {
	// GrantsOn lists the grants on a database, the oldest first.
	GrantsOn(ctx context.Context, id meta.DatabaseID) ([]meta.Grant, error)
	// SetGrant adds or replaces a grant on d. NotFound when the database or the
	// entity is gone.
	SetGrant(ctx context.Context, d meta.Database, g meta.Grant) error
	// RemoveGrant removes a grant, if there is one.
	RemoveGrant(ctx context.Context, d meta.Database, entity meta.EntityID) error
	// SetPublicLevel returns NotFound when d is gone.
	SetPublicLevel(ctx context.Context, d meta.Database, level ayb.PublicLevel) error
}

// Operations carries out pending operations.
type Operations interface {
	// CarryOut moves the files now. Errors: Conflict or NotFound when it is
	// impossible, and canceled; every other when it is carried out later.
	CarryOut(ctx context.Context, op meta.PendingOperation) error
	// TryNow is CarryOut whose error is logged.
	TryNow(ctx context.Context, op meta.PendingOperation)
}

// Purges removes the files of databases.
type Purges interface {
	// TryNow removes them now. After an error, which is logged, they are removed
	// later.
	TryNow(ctx context.Context, task meta.PurgeTask)
}
