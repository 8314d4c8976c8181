package snapshotter

import (
	"context"

	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// off answers where snapshots are not configured: there are none, and nothing
// pretends to have worked (pitfall N1).
type off struct{}

func notConfigured() error {
	return errs.E(errs.Snapshot, "Snapshots are not configured on this server; its operator can set them up in the section [snapshots]")
}

// ListSnapshots implements snapshotapi.Snapshots: there are none.
func (off) ListSnapshots(context.Context, snapshotapi.ListRequest) (snapshotapi.ListResponse, error) {
	return snapshotapi.ListResponse{Snapshots: []snapshotapi.Snapshot{}}, nil
}

// TakeSnapshot implements snapshotapi.Snapshots.
func (off) TakeSnapshot(context.Context, snapshotapi.TakeRequest) (snapshotapi.TakeResponse, error) {
	return snapshotapi.TakeResponse{}, notConfigured()
}

// LoadSnapshot implements snapshotapi.Snapshots.
func (off) LoadSnapshot(context.Context, snapshotapi.LoadRequest) (snapshotapi.LoadResponse, error) {
	return snapshotapi.LoadResponse{}, notConfigured()
}

// MoveSnapshots implements snapshotapi.Snapshots.
func (off) MoveSnapshots(context.Context, snapshotapi.MoveRequest) (snapshotapi.Done, error) {
	return snapshotapi.Done{}, notConfigured()
}

// PurgeSnapshots implements snapshotapi.Snapshots.
func (off) PurgeSnapshots(context.Context, snapshotapi.PurgeRequest) (snapshotapi.Done, error) {
	return snapshotapi.Done{}, notConfigured()
}
