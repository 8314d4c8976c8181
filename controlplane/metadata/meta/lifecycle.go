package meta

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// OperationKind is in which way the files of a database change their place.
type OperationKind uint8

// The kinds. The numbers are stored.
const (
	OperationDelete   OperationKind = 1 // it is deleted
	OperationUndelete OperationKind = 2 // a deletion is taken back
	OperationRename   OperationKind = 3 // it is renamed
)

// PendingOperation is a change of place that has been decided and has to be carried out
// by the node, however often somebody has to try.
type PendingOperation struct {
	Kind OperationKind
	// Database has the path at which the files are or, after an undelete, will be.
	Database Database
	// To is the new name of one that is renamed.
	To ayb.DatabaseSlug
}

// Deleted is a database that can be had back.
type Deleted struct {
	Database Database
	At       time.Time
}

// Origin is what a database was copied from.
type Origin struct {
	Database DatabaseID
	// Path is the name it had then.
	Path ayb.DatabasePath
	At   time.Time
}

// Reservation keeps a path for a database that is being made from data. Token
// tells it from what others do with the path after its end.
type Reservation struct {
	ID    int64
	Token string
}

// DatabaseCounts counts what an account has: databases, deleted ones that can be had
// back, and those that are being made.
type DatabaseCounts struct{ Live, Deleted, Reserved int }

// SnapshotNote is what is known of a snapshot besides what the object store
// knows. It may be lost without harm.
type SnapshotNote struct {
	ID      string
	Message string // empty for none
	// BeforeRestore marks what was there before a restore.
	BeforeRestore bool
	CreatedAt     time.Time
}

// SnapshotTask is about snapshots under a name that is not their database's any
// more: those stored from Since, which may be zero, until Before move to the
// name of the database, or are removed when there is none.
type SnapshotTask struct {
	ID       int64
	From     ayb.DatabasePath
	Since    time.Time
	Before   time.Time
	Database DatabaseID // zero for none
	To       ayb.DatabasePath
}
