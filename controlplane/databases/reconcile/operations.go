package reconcile

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// OperationStore is the part of the metadata store that records pending
// operations. See the store.
type OperationStore interface {
	ClaimOperations(ctx context.Context, n int, now, until time.Time) ([]meta.PendingOperation, error)
	PostponeOperation(ctx context.Context, id meta.DatabaseID, until time.Time) error
	CompleteOperation(ctx context.Context, op meta.PendingOperation, now time.Time) error
	CancelOperation(ctx context.Context, op meta.PendingOperation) error
	PurgeDeleted(ctx context.Context, until, now time.Time, n int) (gone int, tokens []string, err error)
}

// OperationFiles is the part of a query node that moves the files of databases.
// Each call may be repeated.
type OperationFiles interface {
	RenameDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.RenameRequest) (nodeapi.Done, error)
	SoftDeleteDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error)
	UndeleteDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error)
}

// OperationDeps are what Operations works with. All but Grace are needed.
type OperationDeps struct {
	Store OperationStore
	Files OperationFiles
	Nodes nodeapi.Nodes
	// Grace is how long a deleted database can be undeleted.
	Grace time.Duration
	// NotifyPurge is called when the grace of databases has ended: their files
	// and snapshots are in the queues. It does not wait.
	NotifyPurge func()
	// NotifyRename is called when a database has another name, to which its
	// snapshots are to follow. It does not wait.
	NotifyRename func()
	Log          *slog.Logger
	Now          func() time.Time
}

const (
	// OperationLease is how long an operation is claimed. It is longer than
	// operationTimeout, so that a late call ends before the next attempt.
	OperationLease   = 45 * time.Second
	operationTimeout = 30 * time.Second
	// operationRetry is the pause after a node has refused.
	operationRetry = 10 * time.Second
	// graceBatch is how many databases one transaction purges.
	graceBatch = 100
)

// Operations carries out pending operations: it moves the files of databases
// that were deleted, undeleted or renamed, and purges deleted databases when
// their grace has ended. It may be used concurrently.
type Operations struct{ loop *loop[meta.PendingOperation] }

// NewOperations makes the service. Its loop starts with Run.
func NewOperations(deps OperationDeps) (*Operations, error) {
	if deps.Store == nil || deps.Files == nil || deps.Nodes == nil || deps.NotifyPurge == nil || deps.NotifyRename == nil || deps.Log == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "reconcile: a dependency of operations is missing")
	}
	if deps.Grace < 0 {
		return nil, errs.E(errs.Invalid, "The time in which a deleted database can be undeleted is %s; it can't be negative", deps.Grace)
	}
	q := operationQueue{deps: deps, place: placement.New(deps.Nodes)}
	return &Operations{newLoop(settings{
		name: "pending operations", batch: 1, parallel: 1, lease: OperationLease,
		firstRetry: operationRetry, lastRetry: operationRetry, idle: q.purgeDeleted,
	}, q, deps.Log, deps.Now)}, nil
}

// Run carries out operations until ctx ends.
func (o *Operations) Run(ctx context.Context) { o.loop.run(ctx) }

// TryNow is CarryOut for an operation that is tried again after a failure,
// which is logged.
func (o *Operations) TryNow(ctx context.Context, op meta.PendingOperation) { o.loop.tryNow(ctx, op) }

// CarryOut moves the files of a database and records that. The caller has
// claimed the operation for OperationLease. Errors: Conflict or NotFound when it
// is impossible, and canceled; Unavailable, and every other, when it is carried
// out later.
func (o *Operations) CarryOut(ctx context.Context, op meta.PendingOperation) error {
	return o.loop.carryOut(ctx, op)
}

// operationQueue is the queue of pending operations.
type operationQueue struct {
	deps  OperationDeps
	place *placement.Placement
}

func (q operationQueue) claim(ctx context.Context, n int, now, until time.Time) ([]meta.PendingOperation, error) {
	return q.deps.Store.ClaimOperations(ctx, n, now, until)
}

func (q operationQueue) id(op meta.PendingOperation) int64 { return int64(op.Database.ID) }

func (q operationQueue) lease(ctx context.Context, op meta.PendingOperation, until time.Time) error {
	return q.deps.Store.PostponeOperation(ctx, op.Database.ID, until)
}

func (q operationQueue) describe(op meta.PendingOperation) []any {
	return []any{"db", op.Database.Path.String(), "node", string(op.Database.Node)}
}

func (q operationQueue) work(ctx context.Context, op meta.PendingOperation) (outcome, error) {
	err := q.moveFiles(ctx, op)
	switch {
	case err == nil:
		return completed, nil
	case errs.Is(err, errs.NotFound) && op.Kind != meta.OperationUndelete:
		return completed, nil // a database without files is deleted or renamed by its record alone
	case errs.Is(err, errs.Conflict), errs.Is(err, errs.NotFound):
		if cerr := q.deps.Store.CancelOperation(ctx, op); cerr != nil {
			return leaveRecord, cerr
		}
		return leaveRecord, err
	case OutcomeUnknown(err):
		return leaveRecord, errs.Wrap(errs.Unavailable, err, "The query node of %s does not answer; what was asked for will be done as soon as it does", op.Database.Path)
	default:
		return retryLater, err
	}
}

func (q operationQueue) moveFiles(ctx context.Context, op meta.PendingOperation) (err error) {
	node, err := q.place.Locate(op.Database)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	path := op.Database.Path
	deleted := nodeapi.SoftDeleteRequest{Path: path, Key: strconv.FormatInt(int64(op.Database.ID), 10)}
	switch op.Kind {
	case meta.OperationDelete:
		_, err = q.deps.Files.SoftDeleteDatabase(ctx, node, deleted)
	case meta.OperationUndelete:
		_, err = q.deps.Files.UndeleteDatabase(ctx, node, deleted)
	case meta.OperationRename:
		to := ayb.DatabasePath{Entity: path.Entity, Database: op.To}
		_, err = q.deps.Files.RenameDatabase(ctx, node, nodeapi.RenameRequest{From: path, To: to})
	default:
		err = errs.E(errs.Internal, "reconcile: operation %d is unknown", op.Kind)
	}
	return err
}

func (q operationQueue) complete(ctx context.Context, op meta.PendingOperation) error {
	if err := q.deps.Store.CompleteOperation(ctx, op, q.deps.Now()); err != nil {
		return err
	}
	if op.Kind == meta.OperationRename {
		q.deps.NotifyRename()
	}
	return nil
}

// purgeDeleted removes the records of databases whose grace has ended.
func (q operationQueue) purgeDeleted(ctx context.Context) error {
	for {
		now := q.deps.Now()
		gone, _, err := q.deps.Store.PurgeDeleted(ctx, now.Add(-q.deps.Grace), now, graceBatch)
		if gone > 0 {
			q.deps.NotifyPurge()
		}
		if err != nil || gone < graceBatch {
			return err
		}
	}
}
