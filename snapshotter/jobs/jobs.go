// Package jobs makes single snapshots: it has a query node copy, check and
// pack a database, has the node send that to the object store if it is new
// there, and removes the oldest ones that are too many. It also does the jobs
// that the schedule has put into the queue.
//
// It never decides when a snapshot is due, and never sees a byte of one.
package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/keyedmutex"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// releaseTimeout bounds giving up a copy on the node.
const releaseTimeout = 30 * time.Second

// Job is one snapshot to be made. It travels through the queue as JSON; fields
// are only added.
type Job struct {
	Path ayb.DatabasePath `json:"path"`
	Node nodeapi.NodeID   `json:"node"`
	// CreatedAt hides the snapshots of former databases of this name.
	CreatedAt time.Time `json:"created_at"`
	// Previous is the id of the state before, if known. It is pruned after
	// all others: a state that was returned to keeps its old date, but is not
	// the oldest one (pitfall N9).
	Previous string `json:"previous,omitempty"`
}

// Result tells what became of a job.
type Result struct {
	ID string
	// Created is false when the state was stored before.
	Created bool
}

// Config says how many snapshots are kept.
type Config struct {
	// Max is how many of each database; 0 keeps all.
	Max int
	// NodeTimeout is how long a node may be silent before calls to it are given
	// up. Default 5 s, after the time its heartbeat counts.
	NodeTimeout time.Duration
}

// Deps is what a Maker needs.
type Deps struct {
	Nodes     nodeapi.Snapshots
	LiveNodes nodeapi.Nodes
	Store     *bucket.Store
	Records   bus.KeyValue
	// Printf prints a line that tells what is done.
	Printf func(format string, args ...any)
	Log    *slog.Logger
}

// Maker makes snapshots. It is safe for concurrent use; of one database it
// makes one at a time.
type Maker struct {
	cfg   Config
	deps  Deps
	paths keyedmutex.Mutexes[ayb.DatabasePath]
}

// New makes a maker.
func New(cfg Config, deps Deps) (*Maker, error) {
	if deps.Nodes == nil || deps.LiveNodes == nil || deps.Store == nil || deps.Records == nil || deps.Printf == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "The maker of snapshots lacks something it needs")
	}
	if cfg.Max < 0 {
		return nil, errs.E(errs.Invalid, "The number of snapshots to keep cannot be negative")
	}
	if cfg.NodeTimeout <= 0 {
		cfg.NodeTimeout = 5 * time.Second
	}
	return &Maker{cfg: cfg, deps: deps}, nil
}

// Make makes a snapshot of the present state. NotFound says that nothing was
// ever written; other errors are the node's, ObjectStore, or Unavailable when
// the node dies meanwhile.
func (m *Maker) Make(ctx context.Context, job Job) (Result, error) {
	return m.exclusively(ctx, job, func(ctx context.Context) (Result, error) { return m.makeSnapshot(ctx, job, nil) })
}

// exclusively runs do while nobody else of this process changes the snapshots of the
// job's database, and its node lives.
func (m *Maker) exclusively(ctx context.Context, job Job, do func(context.Context) (Result, error)) (Result, error) {
	unlock, err := m.Lock(ctx, job.Path)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	var res Result
	err = m.WhileNodeLives(ctx, job.Node, func(ctx context.Context) (err error) {
		res, err = do(ctx)
		return err
	})
	return res, err
}

// uploadStarted is told of an upload in parts before it is sent.
type uploadStarted func(context.Context, Job, bucket.UnfinishedUpload)

// makeSnapshot makes the snapshot; note may be nil.
func (m *Maker) makeSnapshot(ctx context.Context, job Job, note uploadStarted) (Result, error) {
	m.deps.Printf("Trying to back up %s\n", job.Path)
	prepared, err := m.deps.Nodes.PrepareSnapshot(ctx, job.Node, nodeapi.PrepareRequest{Path: job.Path})
	if err != nil {
		return Result{}, err
	}
	defer m.release(ctx, job, prepared.Handle) // also when what follows fails: pitfall N8
	if !bucket.ValidID(prepared.ID) || prepared.Packed <= 0 {
		return Result{}, errs.E(errs.Snapshot, "The query node made a snapshot that cannot be stored")
	}
	stored, err := m.ListVisible(ctx, job.Path, job.CreatedAt)
	if err != nil {
		return Result{}, err
	}
	res := Result{ID: prepared.ID}
	if _, there := FindByID(stored, prepared.ID); there {
		m.deps.Printf("Snapshot with hash %s already exists, not uploading again.\n", prepared.ID)
	} else {
		m.deps.Printf("Uploading new snapshot with hash %s.\n", prepared.ID)
		if err := m.upload(ctx, job, prepared, note); err != nil {
			return Result{}, err
		}
		res.Created = true
		m.prune(ctx, job, stored)
	}
	// Without the record the next round looks again, and that is all.
	if err := Save(ctx, m.deps.Records, job.Path, Record{ChangeToken: prepared.ChangeToken, ID: prepared.ID}); err != nil {
		m.deps.Log.Warn("snapshot not recorded", logging.DB, job.Path.String(), logging.Err, err)
	}
	return res, nil
}

func (m *Maker) upload(ctx context.Context, job Job, p nodeapi.PrepareResponse, note uploadStarted) error {
	u, err := m.deps.Store.Begin(ctx, job.Path, p.ID, p.Packed)
	if err != nil {
		return err
	}
	if left, parts := u.Unfinished(); parts && note != nil {
		note(ctx, job, left)
	}
	req := nodeapi.UploadRequest{Handle: p.Handle}
	for _, part := range u.Parts {
		req.Parts = append(req.Parts, nodeapi.UploadPart{URL: part.URL, Size: part.Size})
	}
	sent, err := m.deps.Nodes.UploadSnapshot(ctx, job.Node, req)
	if err == nil {
		err = u.Complete(ctx, sent.ETags)
	}
	if err != nil {
		u.Abort(ctx)
	}
	return err
}

func (m *Maker) release(ctx context.Context, job Job, handle string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if _, err := m.deps.Nodes.ReleaseSnapshot(ctx, job.Node, nodeapi.ReleaseRequest{Handle: handle}); err != nil {
		m.deps.Log.Debug("copy not released; it runs out", logging.DB, job.Path.String(), logging.Node, string(job.Node), logging.Err, err)
	}
}

// ListVisible lists the snapshots of a database without those of former databases
// of its name. Stores round dates to seconds.
func (m *Maker) ListVisible(ctx context.Context, p ayb.DatabasePath, createdAt time.Time) ([]bucket.Object, error) {
	all, err := m.deps.Store.List(ctx, p)
	if err != nil {
		return nil, err
	}
	var out []bucket.Object
	for _, o := range all {
		if IsVisible(o, createdAt) {
			out = append(out, o)
		}
	}
	return out, nil
}

// IsVisible tells whether an object belongs to the database of that name which
// was created then.
func IsVisible(o bucket.Object, createdAt time.Time) bool {
	return !o.ModifiedAt.Before(createdAt.Truncate(time.Second))
}

// FindByID finds an object by its id.
func FindByID(list []bucket.Object, id string) (bucket.Object, bool) {
	for _, o := range list {
		if o.ID == id {
			return o, true
		}
	}
	return bucket.Object{}, false
}
