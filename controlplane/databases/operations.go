package databases

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

// OperationStore is what moves need of the metadata store: what was begun with
// databases and not ended. See the store.
type OperationStore interface {
	ClaimOperations(ctx context.Context, n int, now, until time.Time) ([]meta.PendingOperation, error)
	PostponeOperation(ctx context.Context, id meta.DatabaseID, until time.Time) error
	CompleteOperation(ctx context.Context, m meta.PendingOperation, now time.Time) error
	CancelOperation(ctx context.Context, m meta.PendingOperation) error
	PurgeDeleted(ctx context.Context, until, now time.Time, n int) (gone int, tokens []string, err error)
}

// OperationFiles is what moves need of query nodes. Each call may be repeated.
type OperationFiles interface {
	RenameDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.RenameRequest) (nodeapi.Done, error)
	SoftDeleteDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error)
	UndeleteDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error)
}

// OperationConfig is what moves can be told.
type OperationConfig struct {
	// Grace is how long a deleted database can be had back.
	Grace time.Duration
}

// OperationDeps are what Operations work with. All are needed.
type OperationDeps struct {
	Store OperationStore
	Files OperationFiles
	Nodes nodeapi.Nodes
	// PurgeQueued is told that databases have gone for good, whose files and
	// snapshots are now to be removed.
	PurgeQueued func()
	// Renamed is told that a database has another name, to which its snapshots
	// are to follow.
	Renamed func()
	Log     *slog.Logger
	Now     func() time.Time
}

const (
	// operationLease is how long nobody else tries what somebody is at. It is
	// longer than operationCallTimeout, so that no request of ours is carried out after
	// the claim has ended.
	operationLease       = 45 * time.Second
	operationCallTimeout = 30 * time.Second
	// operationRetry is the pause after a node has refused.
	operationRetry = 10 * time.Second
	// expireBatch is how many databases go at once.
	expireBatch = 100
)

// Operations carry out what was decided about the places of databases: that one is
// deleted, brought back or renamed, until it has worked, and that the time is
// over in which a deleted one can be had back. They may be used concurrently.
type OperationQueue struct {
	cfg   OperationConfig
	deps  OperationDeps
	place *placement.Placement
	wake  chan struct{}
}

// NewOperationQueue makes the service. It does nothing by itself until Run.
func NewOperationQueue(cfg OperationConfig, deps OperationDeps) (*OperationQueue, error) {
	if deps.Store == nil || deps.Files == nil || deps.Nodes == nil || deps.PurgeQueued == nil || deps.Renamed == nil || deps.Log == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "databases: a dependency of moves is missing")
	}
	if cfg.Grace < 0 {
		return nil, errs.E(errs.Invalid, "The time in which a deleted database can be had back can't be negative")
	}
	return &OperationQueue{cfg: cfg, deps: deps, place: placement.New(deps.Nodes), wake: make(chan struct{}, 1)}, nil
}

// Run finishes what was left and ends what has expired until ctx ends. It
// returns nil.
func (m *OperationQueue) Run(ctx context.Context) error {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for ctx.Err() == nil {
		if err := m.sweep(ctx); err != nil && ctx.Err() == nil {
			m.deps.Log.Warn("databases on their way could not be looked up", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-m.wake:
		case <-every.C:
		}
	}
	return nil
}

// Wake says that there is something to do. It does not wait.
func (m *OperationQueue) Wake() {
	select {
	case m.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (m *OperationQueue) sweep(ctx context.Context) error {
	for {
		now := m.deps.Now()
		begun, err := m.deps.Store.ClaimOperations(ctx, 1, now, now.Add(operationLease))
		if err != nil {
			return err
		}
		if len(begun) == 0 {
			return m.expire(ctx)
		}
		for _, one := range begun {
			m.tryNow(ctx, one)
		}
	}
}

// expire ends the time of what was deleted long enough ago.
func (m *OperationQueue) expire(ctx context.Context) error {
	for {
		now := m.deps.Now()
		gone, _, err := m.deps.Store.PurgeDeleted(ctx, now.Add(-m.cfg.Grace), now, expireBatch)
		if gone > 0 {
			m.deps.PurgeQueued()
		}
		if err != nil || gone < expireBatch {
			return err
		}
	}
}

// tryNow carries out what will be tried again if it does not work.
func (m *OperationQueue) tryNow(ctx context.Context, one meta.PendingOperation) {
	if err := m.carryOut(ctx, one); err != nil && ctx.Err() == nil {
		m.deps.Log.Warn("files of a database are not at their place yet", "db", one.Database.Path.String(), "node", string(one.Database.Node), "err", err)
	}
}

// carryOut moves the files of a database and records it. The caller has a
// claim. Errors: Conflict or NotFound when it cannot be done, and is taken back;
// every other means that it is done later.
func (m *OperationQueue) carryOut(ctx context.Context, one meta.PendingOperation) error {
	err := m.move(ctx, one)
	switch {
	case err == nil:
	case errs.Is(err, errs.NotFound) && one.Kind != meta.OperationUndelete:
		// There are no files to move, which is no reason to keep the record
		// from changing.
	case errs.Is(err, errs.Conflict), errs.Is(err, errs.NotFound):
		if aerr := m.deps.Store.CancelOperation(ctx, one); aerr != nil {
			return aerr
		}
		return err
	case outcomeUnknown(err):
		return errs.Wrap(errs.Unavailable, err, "The query node of %s does not answer; what was asked for will be done as soon as it does", one.Database.Path)
	default:
		if perr := m.deps.Store.PostponeOperation(ctx, one.Database.ID, m.deps.Now().Add(operationRetry)); perr != nil {
			return perr
		}
		return err
	}
	if err := m.deps.Store.CompleteOperation(ctx, one, m.deps.Now()); err != nil {
		return err
	}
	if one.Kind == meta.OperationRename {
		m.deps.Renamed()
	}
	return nil
}

func (m *OperationQueue) move(ctx context.Context, one meta.PendingOperation) (err error) {
	node, err := m.place.Locate(one.Database)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, operationCallTimeout)
	defer cancel()
	path := one.Database.Path
	target := nodeapi.SoftDeleteRequest{Path: path, Key: strconv.FormatInt(int64(one.Database.ID), 10)}
	switch one.Kind {
	case meta.OperationDelete:
		_, err = m.deps.Files.SoftDeleteDatabase(ctx, node, target)
	case meta.OperationUndelete:
		_, err = m.deps.Files.UndeleteDatabase(ctx, node, target)
	case meta.OperationRename:
		to := ayb.DatabasePath{Entity: path.Entity, Database: one.To}
		_, err = m.deps.Files.RenameDatabase(ctx, node, nodeapi.RenameRequest{From: path, To: to})
	default:
		err = errs.E(errs.Internal, "there is no operation %d", one.Kind)
	}
	return err
}
