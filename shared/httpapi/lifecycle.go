package httpapi

import (
	"strings"
	"time"
)

// ToRequest is the body of fork and rename.
type ToRequest struct {
	To string `json:"to"` // ENTITY/DATABASE
}

// Forked answers fork.
type Forked struct {
	Created
	ForkedFrom string `json:"forked_from"` // ENTITY/DATABASE
}

// DeletedDatabase is a deleted database that can be undeleted.
// The times are those of TimeText.
type DeletedDatabase struct {
	Slug      string `json:"slug"`
	DeletedAt string `json:"deleted_at"`
	PurgedAt  string `json:"purged_at"` // when it is removed permanently
}

// Snapshots answers list_snapshots, the newest first.
type Snapshots struct {
	Snapshots List[Snapshot] `json:"snapshots"`
}

// Snapshot is one stored snapshot.
type Snapshot struct {
	LastModifiedAt string `json:"last_modified_at"` // TimeText
	SnapshotID     string `json:"snapshot_id"`
	// Bytes is the size of the stored object.
	Bytes int64 `json:"bytes"`
	// Message is the message of the snapshot; nil for none.
	Message *string `json:"message"`
	// BeforeRestore marks an automatic snapshot of the state before a restore.
	BeforeRestore bool `json:"before_restore"`
}

// TakeSnapshotRequest is the body of a request to take a snapshot.
type TakeSnapshotRequest struct {
	Message string `json:"message,omitempty"`
}

// SnapshotTaken answers it. Created is false if a snapshot of the same state was
// already stored.
type SnapshotTaken struct {
	SnapshotID string `json:"snapshot_id"`
	Created    bool   `json:"created"`
}

// RestoreRequest is the JSON body of restore_snapshot, which may also be the
// bare id.
type RestoreRequest struct {
	SnapshotID string `json:"snapshot_id"`
	// To is a new database for the snapshot, ENTITY/DATABASE. If it is empty, the
	// snapshot replaces the state of its database.
	To string `json:"to,omitempty"`
}

// TimeText formats a time as RFC 3339 in UTC with Z, with three, six or nine
// fractional digits if there are any.
func TimeText(t time.Time) string {
	seconds := t.UTC().Format("2006-01-02T15:04:05")
	fraction := t.UTC().Format(".000000000")
	for range 3 {
		if !strings.HasSuffix(fraction, "000") {
			break
		}
		fraction = fraction[:len(fraction)-3]
	}
	return seconds + strings.TrimSuffix(fraction, ".") + "Z"
}
