// Package snapshotapi is the contract between the control plane and the
// snapshotter: the snapshots of one database, listed, taken, loaded, moved and
// removed. The snapshotter trusts these calls: who may do what has been
// decided. Any number of snapshotters serve it.
package snapshotapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// Database names a database as its snapshots are found.
type Database struct {
	Path ayb.DatabasePath `json:"path"`
	// CreatedAt hides the snapshots of an older database of the same name;
	// zero hides none.
	CreatedAt time.Time `json:"created_at"`
}

// ListRequest asks for the snapshots of a database.
type ListRequest struct {
	Database Database `json:"database"`
}

// ListResponse has them, newest first.
type ListResponse struct {
	Snapshots []Snapshot `json:"snapshots"`
}

// Snapshot is one stored snapshot.
type Snapshot struct {
	ID         string    `json:"id"`
	ModifiedAt time.Time `json:"modified_at"`
	Bytes      int64     `json:"bytes"` // of the object
}

// TakeRequest asks for a snapshot of the present state.
type TakeRequest struct {
	Database Database       `json:"database"`
	Node     nodeapi.NodeID `json:"node"`
}

// TakeResponse names it. Created is false when that state was stored already.
type TakeResponse struct {
	ID      string `json:"id"`
	Created bool   `json:"created"`
}

// LoadRequest asks to load a snapshot into a staged version of a database,
// which may be another one on another node.
type LoadRequest struct {
	Source  Database         `json:"source"`
	ID      string           `json:"id"`
	Target  ayb.DatabasePath `json:"target"`
	Node    nodeapi.NodeID   `json:"node"` // of the target
	Version string           `json:"version"`
	// DatabaseBytes is the size the target may have; zero leaves it to the
	// node.
	DatabaseBytes int64 `json:"database_bytes,omitempty"`
}

// LoadResponse tells its size.
type LoadResponse struct {
	Bytes int64 `json:"bytes"`
}

// MoveRequest asks to keep the snapshots of a renamed database with it: those
// that From had at a time, since the name may be used again.
type MoveRequest struct {
	From   ayb.DatabasePath `json:"from"`
	To     ayb.DatabasePath `json:"to"`
	Before time.Time        `json:"before"`
	// Since leaves those of former databases of that name, which may come
	// back; zero leaves none.
	Since time.Time `json:"since,omitzero"`
}

// PurgeRequest asks to remove the snapshots that a path had at a time: those
// of a newer database of that name stay.
type PurgeRequest struct {
	Path   ayb.DatabasePath `json:"path"`
	Before time.Time        `json:"before"`
	// Since leaves those of former databases of that name; zero leaves none.
	Since time.Time `json:"since,omitzero"`
}

// Done is an answer without content.
type Done struct{}

// Snapshots is what a snapshotter does. When snapshots are not configured, or
// no snapshotter runs, every call gives Snapshot or Unavailable, but the list
// is empty in the first case. ObjectStore
// says that the store cannot be used now.
type Snapshots interface {
	ListSnapshots(ctx context.Context, req ListRequest) (ListResponse, error)
	// TakeSnapshot: NotFound when nothing was ever written.
	TakeSnapshot(ctx context.Context, req TakeRequest) (TakeResponse, error)
	// LoadSnapshot: NoSnapshot for an id that is not stored or is no id.
	LoadSnapshot(ctx context.Context, req LoadRequest) (LoadResponse, error)
	// MoveSnapshots and PurgeSnapshots may be repeated. They give Snapshot only
	// when snapshots are not configured, which means to who asks that there is
	// nothing to do.
	MoveSnapshots(ctx context.Context, req MoveRequest) (Done, error)
	PurgeSnapshots(ctx context.Context, req PurgeRequest) (Done, error)
}
