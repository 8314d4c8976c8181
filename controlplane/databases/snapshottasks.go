package databases

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// SnapshotTaskStore is what errands need of the metadata store. See the store.
type SnapshotTaskStore interface {
	ClaimSnapshotTasks(ctx context.Context, n int, now, until time.Time) ([]meta.SnapshotTask, error)
	PostponeSnapshotTask(ctx context.Context, id int64, until time.Time) error
	CompleteSnapshotTask(ctx context.Context, e meta.SnapshotTask, now time.Time) error
}

// SnapshotMover is what errands need of a snapshotter. Each call may be
// repeated.
type SnapshotMover interface {
	MoveSnapshots(ctx context.Context, req snapshotapi.MoveRequest) (snapshotapi.Done, error)
	PurgeSnapshots(ctx context.Context, req snapshotapi.PurgeRequest) (snapshotapi.Done, error)
}

// SnapshotTaskDeps are what SnapshotTasks work with. All are needed.
type SnapshotTaskDeps struct {
	Store     SnapshotTaskStore
	Snapshots SnapshotMover
	Log       *slog.Logger
	Now       func() time.Time
}

const (
	// taskLease is how long nobody else is at an errand; it is renewed every
	// taskRenewal while it is run.
	taskLease   = time.Minute
	taskRenewal = 20 * time.Second
	// An errand that failed is run again after firstTaskRetry, then after twice as
	// long, at last every lastTaskRetry.
	firstTaskRetry = 10 * time.Second
	lastTaskRetry  = 10 * time.Minute
)

// SnapshotTasks bring the snapshots of renamed databases after them and remove those
// of databases that are gone for good, until it has worked. An object store or
// a snapshotter that is down delays them and nothing else.
type SnapshotTasks struct {
	deps   SnapshotTaskDeps
	wake   chan struct{}
	failed map[int64]time.Duration // what the next failure has to wait; Run's only
}

// NewSnapshotTasks makes the service. It does nothing until Run.
func NewSnapshotTasks(deps SnapshotTaskDeps) (*SnapshotTasks, error) {
	if deps.Store == nil || deps.Snapshots == nil || deps.Log == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "databases: a dependency of errands is missing")
	}
	return &SnapshotTasks{deps: deps, wake: make(chan struct{}, 1), failed: map[int64]time.Duration{}}, nil
}

// Wake says that there is something to do. It does not wait.
func (e *SnapshotTasks) Wake() {
	select {
	case e.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Run runs errands until ctx ends. It returns nil.
func (e *SnapshotTasks) Run(ctx context.Context) error {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for ctx.Err() == nil {
		if err := e.sweep(ctx); err != nil && ctx.Err() == nil {
			e.deps.Log.Warn("errands about snapshots could not be looked up", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-e.wake:
		case <-every.C:
		}
	}
	return nil
}

func (e *SnapshotTasks) sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		now := e.deps.Now()
		claimed, err := e.deps.Store.ClaimSnapshotTasks(ctx, 1, now, now.Add(taskLease))
		if err != nil || len(claimed) == 0 {
			return err
		}
		if err := e.run(ctx, claimed[0]); err != nil && ctx.Err() == nil {
			e.deps.Log.Warn("snapshots are not at their place yet", "db", claimed[0].From.String(), "err", err)
		}
	}
	return nil
}

// sendCounted runs one errand and says how it went.
func (e *SnapshotTasks) run(ctx context.Context, one meta.SnapshotTask) error {
	err := e.do(ctx, one)
	if err == nil || errs.Is(err, errs.Snapshot) { // snapshots are not configured: there are none
		delete(e.failed, one.ID)
		return e.deps.Store.CompleteSnapshotTask(ctx, one, e.deps.Now())
	}
	wait := max(e.failed[one.ID], firstTaskRetry)
	e.failed[one.ID] = min(2*wait, lastTaskRetry)
	if perr := e.deps.Store.PostponeSnapshotTask(ctx, one.ID, e.deps.Now().Add(wait)); perr != nil {
		return perr
	}
	return err
}

// do asks a snapshotter, which takes as long as it takes.
func (e *SnapshotTasks) do(ctx context.Context, one meta.SnapshotTask) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { e.renew(ctx, one.ID) })
	defer renewing.Wait()
	defer cancel()
	if one.Database == 0 {
		_, err = e.deps.Snapshots.PurgeSnapshots(ctx, snapshotapi.PurgeRequest{Path: one.From, Since: one.Since, Before: one.Before})
	} else {
		_, err = e.deps.Snapshots.MoveSnapshots(ctx, snapshotapi.MoveRequest{From: one.From, To: one.To, Since: one.Since, Before: one.Before})
	}
	return err
}

// renew keeps others from an errand until ctx ends. What is run twice does no
// harm, so it need not succeed.
func (e *SnapshotTasks) renew(ctx context.Context, id int64) {
	tick := time.NewTicker(taskRenewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = e.deps.Store.PostponeSnapshotTask(ctx, id, e.deps.Now().Add(taskLease))
		}
	}
}
