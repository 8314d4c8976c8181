package snapshotter

import (
	"context"

	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// disabled answers when snapshots are not configured. Lists are empty, and
// every other request is an error.
type disabled struct{}

func errDisabled() error {
	return errs.E(errs.Snapshot, "Snapshots are not configured on this server; the operator can configure them in the section [snapshots]")
}

// ListSnapshots implements snapshotapi.Snapshots. The list is empty.
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
