// Package snapshotapi is the contract between the control plane and the
// snapshotter: it lists, takes, loads, moves and removes the snapshots of one
// database. The control plane has checked the permissions before a call. Several
// snapshotters may serve it.
package snapshotapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// Database identifies a database and its snapshots.
type Database struct {
	Path ayb.DatabasePath `json:"path"`
	// CreatedAt excludes the snapshots of an older database with the same name.
	// The zero time excludes nothing.
	CreatedAt time.Time `json:"created_at"`
}

// ListRequest lists the snapshots of a database.
type ListRequest struct {
	Database Database `json:"database"`
}

// ListResponse contains the snapshots, newest first.
type ListResponse struct {
	Snapshots []Snapshot `json:"snapshots"`
}

// Snapshot is one stored snapshot.
type Snapshot struct {
	ID         string    `json:"id"`
	ModifiedAt time.Time `json:"modified_at"`
	Bytes      int64     `json:"bytes"` // of the object
}

// TakeRequest takes a snapshot of the current state.
type TakeRequest struct {
	Database Database       `json:"database"`
	Node     nodeapi.NodeID `json:"node"`
}

// TakeResponse identifies the snapshot. Created is false if a snapshot of the same
// state was already stored.
type TakeResponse struct {
	ID      string `json:"id"`
	Created bool   `json:"created"`
}

// LoadRequest loads a snapshot into a staged version of a database, which may be
// another database on another node.
type LoadRequest struct {
	Source  Database         `json:"source"`
	ID      string           `json:"id"`
	Target  ayb.DatabasePath `json:"target"`
	Node    nodeapi.NodeID   `json:"node"` // of the target
	Version string           `json:"version"`
	// DatabaseBytes is the largest size of the target. Zero means the limit of
	// the node.
	DatabaseBytes int64 `json:"database_bytes,omitempty"`
}

// LoadResponse contains the size of the loaded database.
type LoadResponse struct {
	Bytes int64 `json:"bytes"`
}

// MoveRequest moves the snapshots of a renamed database: those that From had at the
// time Before, because its name may be used again.
type MoveRequest struct {
	From   ayb.DatabasePath `json:"from"`
	To     ayb.DatabasePath `json:"to"`
	Before time.Time        `json:"before"`
	// Since excludes the snapshots of earlier databases with that name, which may
	// be undeleted. The zero time excludes nothing.
	Since time.Time `json:"since,omitzero"`
}

// PurgeRequest removes the snapshots that a path had at the time Before. Those of a
// newer database with that name stay.
type PurgeRequest struct {
	Path   ayb.DatabasePath `json:"path"`
	Before time.Time        `json:"before"`
	// Since excludes the snapshots of earlier databases with that name. The zero
	// time excludes nothing.
	Since time.Time `json:"since,omitzero"`
}

// Done is an answer without content.
type Done struct{}

// Snapshots is the service of a snapshotter. Every call fails with Unavailable when
// no snapshotter runs, and with ObjectStore when the bucket cannot be used at the
// moment. When snapshots are not configured, the list is empty, and the other calls
// fail with Snapshot.
type Snapshots interface {
	ListSnapshots(ctx context.Context, req ListRequest) (ListResponse, error)
	// TakeSnapshot fails with NotFound for a database without data.
	TakeSnapshot(ctx context.Context, req TakeRequest) (TakeResponse, error)
	// LoadSnapshot fails with NoSnapshot for an unknown or malformed id.
	LoadSnapshot(ctx context.Context, req LoadRequest) (LoadResponse, error)
	// MoveSnapshots and PurgeSnapshots may be repeated. The error Snapshot means
	// that there is nothing to do, because snapshots are not configured.
	MoveSnapshots(ctx context.Context, req MoveRequest) (Done, error)
	PurgeSnapshots(ctx context.Context, req PurgeRequest) (Done, error)
}
