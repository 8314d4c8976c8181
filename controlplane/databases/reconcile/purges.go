package reconcile

import (
	"context"
	"log/slog"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// PurgeStore is the part of the metadata store that keeps the purge queue:
// databases whose record is gone and whose files are still to be removed.
type PurgeStore interface {
	// ClaimPurges returns at most n tasks that are due, and leases them until
	// then.
	ClaimPurges(ctx context.Context, n int, now, until time.Time) ([]meta.PurgeTask, error)
	// PostponePurge changes until when a task is claimed.
	PostponePurge(ctx context.Context, id int64, until time.Time) error
	// CompletePurge removes a task from the queue.
	CompletePurge(ctx context.Context, id int64) error
}

// PurgeFiles is the part of a query node that removes files. Each call may be
// repeated.
type PurgeFiles interface {
	DeleteDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.DeleteRequest) (nodeapi.Done, error)
	PurgeDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error)
}

// PurgeDeps are what Purges works with. All are needed.
type PurgeDeps struct {
	Store PurgeStore
	Files PurgeFiles
	Nodes nodeapi.Nodes
	Log   *slog.Logger
	Now   func() time.Time
}

const (
	// PurgeLease is how long a purge task is claimed. It is much longer than
	// purgeTimeout, so that a late call ends before the path is used again.
	PurgeLease   = 5 * time.Minute
	purgeTimeout = 30 * time.Second
)

// Purges removes the files of databases that are purged or were never
// completed. Until they are gone, the path cannot be used again. It may be used
// concurrently.
type Purges struct{ loop *loop[meta.PurgeTask] }

// NewPurges makes the service. Its loop starts with Run.
func NewPurges(deps PurgeDeps) (*Purges, error) {
	if deps.Store == nil || deps.Files == nil || deps.Nodes == nil || deps.Log == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "reconcile: a dependency of purges is missing")
	}
	return &Purges{newLoop(settings{
		name: "purge queue", batch: 32, parallel: 8, lease: PurgeLease, firstRetry: 5 * time.Second, lastRetry: 10 * time.Minute,
	}, purgeQueue{deps, placement.New(deps.Nodes)}, deps.Log, deps.Now)}, nil
}

// Run removes the files of queued databases until ctx ends.
func (p *Purges) Run(ctx context.Context) { p.loop.run(ctx) }

// Wake is called after a task was queued. It does not wait.
func (p *Purges) Wake() { p.loop.wake() }

// TryNow removes the files of a task that the caller has claimed for
// PurgeLease. A failure is logged, and the task is tried again.
func (p *Purges) TryNow(ctx context.Context, task meta.PurgeTask) { p.loop.tryNow(ctx, task) }

// purgeQueue is the queue of databases whose files are to be removed.
type purgeQueue struct {
	deps  PurgeDeps
	place *placement.Placement
}

func (q purgeQueue) claim(ctx context.Context, n int, now, until time.Time) ([]meta.PurgeTask, error) {
	return q.deps.Store.ClaimPurges(ctx, n, now, until)
}

func (q purgeQueue) id(task meta.PurgeTask) int64 { return task.ID }

func (q purgeQueue) lease(ctx context.Context, task meta.PurgeTask, until time.Time) error {
	return q.deps.Store.PostponePurge(ctx, task.ID, until)
}

func (q purgeQueue) complete(ctx context.Context, task meta.PurgeTask) error {
	return q.deps.Store.CompletePurge(ctx, task.ID)
}

func (q purgeQueue) describe(task meta.PurgeTask) []any {
	return []any{"db", task.Path.String(), "node", string(task.Node)}
}

func (q purgeQueue) work(ctx context.Context, task meta.PurgeTask) (outcome, error) {
	node, err := q.place.Locate(meta.Database{Path: task.Path, Node: task.Node})
	if err != nil {
		return retryLater, err
	}
	ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	if task.SoftDeleteKey != "" {
		_, err = q.deps.Files.PurgeDatabase(ctx, node, nodeapi.SoftDeleteRequest{Path: task.Path, Key: task.SoftDeleteKey})
	} else {
		_, err = q.deps.Files.DeleteDatabase(ctx, node, nodeapi.DeleteRequest{Path: task.Path})
	}
	switch {
	case err == nil:
		return completed, nil
	case ctx.Err() != nil: // the node may still remove them: the lease stays
		return leaveRecord, err
	default:
		return retryLater, err
	}
}
