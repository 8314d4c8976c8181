package meta

import (
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Database is a hosted database as the control plane knows it.
type Database struct {
	ID     DatabaseID
	Owner  EntityID
	Path   ayb.DatabasePath
	Type   ayb.DatabaseType
	Public ayb.PublicLevel
	Node   NodeID
	// CreatedAt is zero for databases of very early servers.
	CreatedAt time.Time
	// Pending says that the database has a pending operation. Look-ups set it;
	// lists leave it false.
	Pending bool
	// Limits are those that the operator has set for the database and its
	// account. It is nil without such limits, and in lists. The value is shared
	// and must not be changed.
	Limits *limits.Overrides
}

// DatabaseCounts counts the databases of an account: those in use, the
// soft-deleted ones, and those that are being created from data.
type DatabaseCounts struct{ Live, Deleted, Reserved int }

// Deleted is a soft-deleted database, which can be undeleted.
type Deleted struct {
	Database Database
	At       time.Time
}

// Origin is the database that another was copied from.
type Origin struct {
	Database DatabaseID
	// Path is its name at the time of the copy.
	Path ayb.DatabasePath
	At   time.Time
}

// Reservation keeps a path for a database that is being created from data. The
// random Token identifies the reservation, so that a request whose reservation
// has ended cannot use a later one.
type Reservation struct {
	ID    int64
	Token string
}

// Grant is the level of an account on a database of another account.
type Grant struct {
	Entity EntityID
	// Slug is the name of Entity. The store returns it and ignores it in a new
	// grant.
	Slug     ayb.EntitySlug
	Database DatabaseID
	// Level is never ShareNone, which is the absence of a grant.
	Level ayb.SharingLevel
	// CreatedAt is when the account was first granted any level. It is zero for
	// very old grants.
	CreatedAt time.Time
}

// Access is a database with the level that one account was granted on it.
type Access struct {
	Database Database
	// Grant is ShareNone without a grant, and for the owner.
	Grant ayb.SharingLevel
}

// SnapshotNote is what the metadata store knows of a snapshot in addition to
// the bucket. A lost note does no harm.
type SnapshotNote struct {
	ID      string
	Message string // empty for none
	// BeforeRestore marks the snapshot that was taken before a restore.
	BeforeRestore bool
	CreatedAt     time.Time
}

// LimitsRecord is an account or a database with limits set by the operator.
type LimitsRecord struct {
	Entity ayb.EntitySlug
	// Database is empty for limits of the account.
	Database ayb.DatabaseSlug
	Values   limits.Values
}
