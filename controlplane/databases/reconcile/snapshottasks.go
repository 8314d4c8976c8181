package reconcile

import (
	"context"
	"log/slog"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// SnapshotTaskStore is the part of the metadata store that records snapshot
// tasks. See the store.
type SnapshotTaskStore interface {
	ClaimSnapshotTasks(ctx context.Context, n int, now, until time.Time) ([]meta.SnapshotTask, error)
	PostponeSnapshotTask(ctx context.Context, id int64, until time.Time) error
	CompleteSnapshotTask(ctx context.Context, task meta.SnapshotTask, now time.Time) error
}

// SnapshotMover is the part of a snapshotter that moves and purges snapshots.
// Each call may be repeated.
type SnapshotMover interface {
	MoveSnapshots(ctx context.Context, req snapshotapi.MoveRequest) (snapshotapi.Done, error)
	PurgeSnapshots(ctx context.Context, req snapshotapi.PurgeRequest) (snapshotapi.Done, error)
}

// SnapshotTaskDeps are what SnapshotTasks works with. All are needed.
type SnapshotTaskDeps struct {
	Store     SnapshotTaskStore
	Snapshots SnapshotMover
	Log       *slog.Logger
	Now       func() time.Time
}

// SnapshotTasks moves the snapshots of renamed databases to their new name and
// removes those of purged databases. It may be used concurrently.
type SnapshotTasks struct{ loop *loop[meta.SnapshotTask] }

// NewSnapshotTasks makes the service. Its loop starts with Run.
func NewSnapshotTasks(deps SnapshotTaskDeps) (*SnapshotTasks, error) {
	if deps.Store == nil || deps.Snapshots == nil || deps.Log == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "reconcile: a dependency of snapshot tasks is missing")
	}
	// A task copies objects for as long as that takes, so its lease is renewed.
	return &SnapshotTasks{newLoop(settings{
		name: "snapshot tasks", batch: 1, parallel: 1, lease: time.Minute, renewal: 20 * time.Second,
		firstRetry: 10 * time.Second, lastRetry: 10 * time.Minute,
	}, snapshotTaskQueue{deps}, deps.Log, deps.Now)}, nil
}

// Run carries out tasks until ctx ends.
func (s *SnapshotTasks) Run(ctx context.Context) { s.loop.run(ctx) }

// Wake is called after a task was recorded. It does not wait.
func (s *SnapshotTasks) Wake() { s.loop.wake() }

// snapshotTaskQueue is the queue of snapshots to move or remove.
type snapshotTaskQueue struct{ deps SnapshotTaskDeps }

func (q snapshotTaskQueue) claim(ctx context.Context, n int, now, until time.Time) ([]meta.SnapshotTask, error) {
	return q.deps.Store.ClaimSnapshotTasks(ctx, n, now, until)
}

func (q snapshotTaskQueue) id(task meta.SnapshotTask) int64 { return task.ID }

func (q snapshotTaskQueue) lease(ctx context.Context, task meta.SnapshotTask, until time.Time) error {
	return q.deps.Store.PostponeSnapshotTask(ctx, task.ID, until)
}

func (q snapshotTaskQueue) complete(ctx context.Context, task meta.SnapshotTask) error {
	return q.deps.Store.CompleteSnapshotTask(ctx, task, q.deps.Now())
}

func (q snapshotTaskQueue) describe(task meta.SnapshotTask) []any {
	return []any{"db", task.From.String()}
}

func (q snapshotTaskQueue) work(ctx context.Context, task meta.SnapshotTask) (outcome, error) {
	var err error
	if task.Database == 0 {
		_, err = q.deps.Snapshots.PurgeSnapshots(ctx, snapshotapi.PurgeRequest{Path: task.From, Since: task.Since, Before: task.Before})
	} else {
		_, err = q.deps.Snapshots.MoveSnapshots(ctx, snapshotapi.MoveRequest{From: task.From, To: task.To, Since: task.Since, Before: task.Before})
	}
	if err == nil || errs.Is(err, errs.Snapshot) { // a server without snapshots has none to move
		return completed, nil
	}
	return retryLater, err
}
