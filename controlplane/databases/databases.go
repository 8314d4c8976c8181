// Package databases creates databases, shares them, tells about them, routes
// queries and data to the node that holds them, restores, copies, renames and
// deletes them, each after a permission check. It owns the order of the checks
// and the words of the refusals; the rules are those of authz, the records
// those of the store. It never opens a database and knows nothing of HTTP.
// DESIGN.md says in which order things are done so that a crash leaves a
// database whole.
package databases

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/keyedmutex"
)

// Store is what databases needs of the metadata store. What is missing is
// NotFound.
type Store interface {
	EntityBySlug(ctx context.Context, slug ayb.EntitySlug) (meta.Entity, error)
	DatabaseByPath(ctx context.Context, path ayb.DatabasePath) (meta.Database, error)
	// DatabaseFor gives a database with what the viewer has been granted on
	// it; viewer zero is an anonymous caller.
	DatabaseFor(ctx context.Context, path ayb.DatabasePath, viewer meta.EntityID) (meta.Access, error)
	// CreateDatabase records a database. Conflict when the path is taken.
	CreateDatabase(ctx context.Context, d meta.Database) error
	// AccountLimits gives what the operator has set for an account.
	AccountLimits(ctx context.Context, id meta.EntityID) (limits.Values, error)
	Listings
	Names
	Making
	PendingOperations
	Notes
}

// Names are about which names are in use.
type Names interface {
	// CheckPathFree is Conflict while no database can be made at a path although
	// none has it.
	CheckPathFree(ctx context.Context, path ayb.DatabasePath) error
	// ResolveRenamed gives the path that the database has now which had this one.
	ResolveRenamed(ctx context.Context, path ayb.DatabasePath) (ayb.DatabasePath, error)
	// CountDatabases counts what an entity has.
	CountDatabases(ctx context.Context, e meta.Entity) (meta.DatabaseCounts, error)
}

// Making is how databases are recorded whose making takes long. See the store.
type Making interface {
	ReserveDatabase(ctx context.Context, d meta.Database, now, until time.Time) (meta.Reservation, error)
	RenewReservation(ctx context.Context, r meta.Reservation, until time.Time) error
	ReleaseReservation(ctx context.Context, r meta.Reservation, until time.Time) (theirs bool, err error)
	CreateReserved(ctx context.Context, r meta.Reservation, d meta.Database, from meta.Origin) error
}

// PendingOperations is how a change of a database's place begins; Operations end it. See the
// store.
type PendingOperations interface {
	BeginDeletion(ctx context.Context, d meta.Database, now, until time.Time) error
	BeginUndeletion(ctx context.Context, owner meta.EntityID, path ayb.DatabasePath, now, until time.Time) (meta.PendingOperation, error)
	BeginRename(ctx context.Context, d meta.Database, to ayb.DatabaseSlug, now, until time.Time) error
}

// Notes are what is known of snapshots and copies; they decide nothing.
type Notes interface {
	NoteSnapshot(ctx context.Context, id meta.DatabaseID, n meta.SnapshotNote, keep int) error
	SnapshotNotes(ctx context.Context, id meta.DatabaseID) ([]meta.SnapshotNote, error)
	// Lineage gives what a database was copied from, and its copies, with what
	// the viewer has been granted on each.
	Lineage(ctx context.Context, id meta.DatabaseID, viewer meta.EntityID) (from, forks []meta.Access, err error)
}

// Listings are databases with what somebody has been granted on each.
type Listings interface {
	// DatabasesFor lists the databases of an entity, newest first, with what
	// the viewer has been granted on each. It does not ask what may be seen.
	DatabasesFor(ctx context.Context, owner, viewer meta.EntityID) ([]meta.Access, error)
	// SharedWith lists the databases of others on which an entity has a
	// grant, newest first.
	SharedWith(ctx context.Context, id meta.EntityID) ([]meta.Access, error)
	// DeletedOf lists the databases of an entity that can be had back, the
	// newest deletion first.
	DeletedOf(ctx context.Context, owner meta.EntityID) ([]meta.Deleted, error)
}

// Config is what databases can be told.
type Config struct {
	// Limits are the server's, for accounts and databases that have none of
	// their own. Zero and what is not set is no limit, or is left to the node.
	Limits limits.Values
	// Grace is how long a deleted database can be had back.
	Grace time.Duration
}

// Deps are what databases works with. All are needed.
type Deps struct {
	Store    Store
	Grants   Grants
	Queries  nodeapi.Queries
	Imports  nodeapi.Imports
	Files    nodeapi.Databases
	Versions Versions
	Nodes    nodeapi.Nodes
	// Snapshots asks a snapshotter.
	Snapshots snapshotapi.Snapshots
	// PurgeQueue and Operations carry out what has been decided here.
	Purges     *PurgeQueue
	Operations *OperationQueue
	Now        func() time.Time
}

// Versions is how a new state of a database is put together on its node.
type Versions interface {
	StageVersion(ctx context.Context, node nodeapi.NodeID, req nodeapi.StageRequest) (nodeapi.StageResponse, error)
	UnstageVersion(ctx context.Context, node nodeapi.NodeID, req nodeapi.VersionRequest) (nodeapi.Done, error)
	PublishVersion(ctx context.Context, node nodeapi.NodeID, req nodeapi.VersionRequest) (nodeapi.Done, error)
}

func (d Deps) complete() bool {
	return d.Store != nil && d.Grants != nil && d.Queries != nil && d.Imports != nil && d.Files != nil && d.Versions != nil &&
		d.Nodes != nil && d.Snapshots != nil && d.Purges != nil && d.Operations != nil && d.Now != nil
}

// Databases is the service. It may be used concurrently.
type Databases struct {
	cfg   Config
	deps  Deps
	place *placement.Placement
	// creating is held by the owner for whom a database is made, renamed or
	// restored: undoing a failed creation then cannot remove another one, and
	// a limit on the number of databases is exact.
	creating keyedmutex.Mutexes[meta.EntityID]
	quota    *queryQuota
	jobs     *jobs
	barriers *writeBarriers
}

// New makes the service.
func New(cfg Config, deps Deps) (*Databases, error) {
	if !deps.complete() {
		return nil, errs.E(errs.Internal, "databases: a dependency is missing")
	}
	if cfg.Grace < 0 {
		return nil, errs.E(errs.Invalid, "The time in which a deleted database can be had back can't be negative")
	}
	for _, l := range limits.All() {
		if n, _ := cfg.Limits.Get(l); n < 0 {
			return nil, errs.E(errs.Invalid, "The limits of databases can't be negative")
		}
	}
	return &Databases{cfg: cfg, deps: deps, place: placement.New(deps.Nodes), quota: newQueryQuota(), jobs: newJobs(), barriers: newWriteBarriers()}, nil
}
