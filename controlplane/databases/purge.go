package databases

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// PurgeStore is what removals need of the metadata store: its list of
// databases whose record is gone and whose files still have to go.
type PurgeStore interface {
	// ClaimPurges gives databases from the list; nobody else is given them
	// until then.
	ClaimPurges(ctx context.Context, n int, now, until time.Time) ([]meta.PurgeTask, error)
	// PostponePurge changes until when a claim holds.
	PostponePurge(ctx context.Context, id int64, until time.Time) error
	// CompletePurge takes a database off the list.
	CompletePurge(ctx context.Context, id int64) error
}

// PurgeFiles is what removals need of query nodes.
type PurgeFiles interface {
	DeleteDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.DeleteRequest) (nodeapi.Done, error)
	PurgeDatabase(ctx context.Context, node nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error)
}

// PurgeDeps are what PurgeQueue work with. All are needed.
type PurgeDeps struct {
	Store PurgeStore
	Files PurgeFiles
	Nodes nodeapi.Nodes
	Log   *slog.Logger
	Now   func() time.Time
}

const (
	// sweepEvery is how often the list is looked at without being asked to:
	// for what another server left, and for what failed.
	sweepEvery = 5 * time.Second
	// purgeLease is how long a claim holds when nothing more is heard of it.
	// It is much longer than purgeTimeout, so that no request of ours is
	// carried out after the claim has ended.
	purgeLease   = 5 * time.Minute
	purgeTimeout = 30 * time.Second
	// A removal that failed is tried again after firstRetry, then after twice
	// as long, at last every lastRetry.
	firstRetry = 5 * time.Second
	lastRetry  = 10 * time.Minute
	// atOnce is how many files are removed at the same time, and batch how
	// many are claimed together: they are all tried well within a claim.
	atOnce = 8
	batch  = 32
)

// PurgeQueue removes the files of databases that are gone for good, or that were
// never finished, until it has worked: a node that is down, or the end of this process, only delays it.
// Meanwhile nobody can create a database of the same path. It may be used
// concurrently.
type PurgeQueue struct {
	deps  PurgeDeps
	place *placement.Placement
	wake  chan struct{}

	mu     sync.Mutex
	failed map[int64]time.Duration // what the next failure has to wait
}

// NewPurgeQueue makes the service. It does nothing until Run.
func NewPurgeQueue(deps PurgeDeps) (*PurgeQueue, error) {
	if deps.Store == nil || deps.Files == nil || deps.Nodes == nil || deps.Log == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "databases: a dependency of removals is missing")
	}
	return &PurgeQueue{deps: deps, place: placement.New(deps.Nodes), wake: make(chan struct{}, 1), failed: map[int64]time.Duration{}}, nil
}

// Wake says that there is something to remove. It does not wait.
func (r *PurgeQueue) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Run removes what is listed until ctx ends, beginning with what was left by
// an earlier process. Removals under way are given up then and done later. It
// returns nil.
func (r *PurgeQueue) Run(ctx context.Context) error {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for ctx.Err() == nil {
		if err := r.sweep(ctx); err != nil && ctx.Err() == nil {
			r.deps.Log.Warn("files of deleted databases could not be looked up", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-every.C:
		}
	}
	return nil
}

// sweep tries everything on the list that nobody else is at.
func (r *PurgeQueue) sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		now := r.deps.Now()
		doomed, err := r.deps.Store.ClaimPurges(ctx, batch, now, now.Add(purgeLease))
		if err != nil || len(doomed) == 0 {
			return err
		}
		slots := make(chan struct{}, atOnce)
		var running sync.WaitGroup
		for _, d := range doomed {
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				r.tryNow(ctx, d)
			})
		}
		running.Wait()
	}
	return nil
}

// tryNow removes what the caller has a claim on. What does not work is tried
// again later.
func (r *PurgeQueue) tryNow(ctx context.Context, d meta.PurgeTask) {
	if err := r.remove(ctx, d); err != nil && ctx.Err() == nil {
		r.deps.Log.Warn("files of a deleted database are still there", "db", d.Path.String(), "node", string(d.Node), "err", err)
	}
}

func (r *PurgeQueue) remove(ctx context.Context, d meta.PurgeTask) error {
	node, err := r.place.Locate(meta.Database{Path: d.Path, Node: d.Node})
	if err != nil {
		return errors.Join(err, r.postpone(ctx, d.ID))
	}
	asking, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	if d.SoftDeleteKey != "" {
		_, err = r.deps.Files.PurgeDatabase(asking, node, nodeapi.SoftDeleteRequest{Path: d.Path, Key: d.SoftDeleteKey})
	} else {
		_, err = r.deps.Files.DeleteDatabase(asking, node, nodeapi.DeleteRequest{Path: d.Path})
	}
	if err != nil {
		if asking.Err() != nil { // the node may do it yet: the claim stays
			return err
		}
		return errors.Join(err, r.postpone(ctx, d.ID))
	}
	r.mu.Lock()
	delete(r.failed, d.ID)
	r.mu.Unlock()
	return r.deps.Store.CompletePurge(ctx, d.ID)
}

// postpone ends the claim on what certainly was not removed.
func (r *PurgeQueue) postpone(ctx context.Context, id int64) error {
	r.mu.Lock()
	wait := max(r.failed[id], firstRetry)
	r.failed[id] = min(2*wait, lastRetry)
	r.mu.Unlock()
	return r.deps.Store.PostponePurge(ctx, id, r.deps.Now().Add(wait))
}
