package meta

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// OperationKind is the kind of a pending operation.
type OperationKind uint8

// The kinds. The numbers are stored.
const (
	OperationDelete   OperationKind = 1
	OperationUndelete OperationKind = 2
	OperationRename   OperationKind = 3
)

// PendingOperation is a deletion, an undeletion or a rename that was decided. The
// node has to move the files for it, and is asked until it succeeds.
type PendingOperation struct {
	Kind OperationKind
	// Database has the path at which the files are. For an undeletion it has the
	// path at which they will be.
	Database Database
	// To is the new name of a database that is renamed; empty otherwise.
	To ayb.DatabaseSlug
}

// PurgeTask is a database without a record whose files have to be removed.
// While it is queued, no database can be created at its path.
type PurgeTask struct {
	ID   int64
	Path ayb.DatabasePath
	Type ayb.DatabaseType
	Node NodeID
	// SoftDeleteKey is the key of files that a soft delete has moved away from the
	// path. It is empty for files at the path itself.
	SoftDeleteKey string
}

// SnapshotTask is work on snapshots that are stored under a name which is no
// longer the name of their database. Those stored from Since until Before move
// to To, the present name of the database. Without a database they are removed.
type SnapshotTask struct {
	ID   int64
	From ayb.DatabasePath
	// Since may be zero, for all snapshots until Before.
	Since    time.Time
	Before   time.Time
	Database DatabaseID // zero for none
	To       ayb.DatabasePath
}
