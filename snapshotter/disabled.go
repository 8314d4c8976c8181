package snapshotter

import (
	"context"

	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// disabled answers where snapshots are not configured: there are none, and nothing
// pretends to have worked (pitfall N1).
type disabled struct{}

func errDisabled() error {
	return errs.E(errs.Snapshot, "Snapshots are not configured on this server; its operator can set them up in the section [snapshots]")
}

// ListSnapshots implements snapshotapi.Snapshots: there are none.
func (disabled) ListSnapshots(context.Context, snapshotapi.ListRequest) (snapshotapi.ListResponse, error) {
	return snapshotapi.ListResponse{Snapshots: []snapshotapi.Snapshot{}}, nil
}

// TakeSnapshot implements snapshotapi.Snapshots.
func (disabled) TakeSnapshot(context.Context, snapshotapi.TakeRequest) (snapshotapi.TakeResponse, error) {
	return snapshotapi.TakeResponse{}, errDisabled()
}

// LoadSnapshot implements snapshotapi.Snapshots.
func (disabled) LoadSnapshot(context.Context, snapshotapi.LoadRequest) (snapshotapi.LoadResponse, error) {
	return snapshotapi.LoadResponse{}, errDisabled()
}

// MoveSnapshots implements snapshotapi.Snapshots.
func (disabled) MoveSnapshots(context.Context, snapshotapi.MoveRequest) (snapshotapi.Done, error) {
	return snapshotapi.Done{}, errDisabled()
}

// PurgeSnapshots implements snapshotapi.Snapshots.
func (disabled) PurgeSnapshots(context.Context, snapshotapi.PurgeRequest) (snapshotapi.Done, error) {
	return snapshotapi.Done{}, errDisabled()
}
