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

// DeletedDatabase is a database that was deleted and can still be had back.
// The times are those of TimeText.
type DeletedDatabase struct {
	Slug      string `json:"slug"`
	DeletedAt string `json:"deleted_at"`
	PurgedAt  string `json:"purged_at"` // when it is gone for good
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
	// Message is what was said when it was taken; nil for nothing.
	Message *string `json:"message"`
	// BeforeRestore marks what was there before a restore.
	BeforeRestore bool `json:"before_restore"`
}

// TakeSnapshotRequest is the body of a snapshot on demand.
type TakeSnapshotRequest struct {
	Message string `json:"message,omitempty"`
}

// SnapshotTaken answers it. Created is false when this very state was stored
// already.
type SnapshotTaken struct {
	SnapshotID string `json:"snapshot_id"`
	Created    bool   `json:"created"`
}

// RestoreRequest is the JSON body of restore_snapshot, which may also be the
// bare id.
type RestoreRequest struct {
	SnapshotID string `json:"snapshot_id"`
	// To is the new database that is made of the snapshot, ENTITY/DATABASE;
	// empty to restore in place.
	To string `json:"to,omitempty"`
}

// TimeText is RFC 3339 in UTC with Z; a fraction only when there is one, of
// three, six or nine digits.
func TimeText(t time.Time) string {
	whole := t.UTC().Format("2006-01-02T15:04:05")
	fraction := t.UTC().Format(".000000000")
	for range 3 {
		if !strings.HasSuffix(fraction, "000") {
			break
		}
		fraction = fraction[:len(fraction)-3]
	}
	return whole + strings.TrimSuffix(fraction, ".") + "Z"
}
