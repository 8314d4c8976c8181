// Package jobs makes single snapshots. A query node copies, checks and
// compresses a database, and uploads the result if it is new in the object
// store. Then the oldest surplus snapshots are removed. The package also works
// on the jobs that the schedule has queued.
//
// It does not decide when a snapshot is due, and never receives a byte of one.
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

// releaseTimeout is the limit for releasing a copy on the node.
const releaseTimeout = 30 * time.Second

// Job is one snapshot to be made. It is stored in the queue as JSON; fields are
// only added.
type Job struct {
	Path ayb.DatabasePath `json:"path"`
	Node nodeapi.NodeID   `json:"node"`
	// CreatedAt hides the snapshots of former databases of the same name.
	CreatedAt time.Time `json:"created_at"`
	// Previous is the id of the last stored state, if known. It is pruned last:
	// after a restore to an old state, that state is current although its date
	// is old.
	Previous string `json:"previous,omitempty"`
}

// Result is the outcome of a job.
type Result struct {
	ID string
	// Created is false if the store had this state already.
	Created bool
}

// Config says how many snapshots are kept.
type Config struct {
	// Max is the number of snapshots kept of each database; 0 keeps all.
	Max int
	// NodeTimeout is how long a node may be silent before calls to it are
	// canceled. It begins when the node's heartbeat expires. Default 5 s.
	NodeTimeout time.Duration
}

// Deps is what a Maker needs.
type Deps struct {
	Nodes     nodeapi.Snapshots
	LiveNodes nodeapi.Nodes
	Store     *bucket.Store
	Records   bus.KeyValue
	// Printf prints a progress line.
	Printf func(format string, args ...any)
	Log    *slog.Logger
}

// Maker makes snapshots. It is safe for concurrent use and makes one snapshot
// of a database at a time.
type Maker struct {
	cfg   Config
	deps  Deps
	paths keyedmutex.Mutexes[ayb.DatabasePath]
}

// New makes a maker.
func New(cfg Config, deps Deps) (*Maker, error) {
	if deps.Nodes == nil || deps.LiveNodes == nil || deps.Store == nil || deps.Records == nil || deps.Printf == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "The maker of snapshots was started without a dependency")
	}
	if cfg.Max < 0 {
		return nil, errs.E(errs.Invalid, "The number of snapshots to keep cannot be negative")
	}
	if cfg.NodeTimeout <= 0 {
		cfg.NodeTimeout = 5 * time.Second
	}
	return &Maker{cfg: cfg, deps: deps}, nil
}

// Make makes a snapshot of the present state. The error is NotFound if the
// database was never written, ObjectStore, Unavailable when the node dies, or
// the node's.
func (m *Maker) Make(ctx context.Context, job Job) (Result, error) {
	return m.exclusively(ctx, job, func(ctx context.Context) (Result, error) { return m.makeSnapshot(ctx, job, nil) })
}

// exclusively runs do while the snapshots of the job's database are locked and
// its node lives.
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

// uploadStarted is called before an upload in parts begins.
type uploadStarted func(context.Context, Job, bucket.UnfinishedUpload)

// makeSnapshot makes the snapshot; note may be nil.
func (m *Maker) makeSnapshot(ctx context.Context, job Job, note uploadStarted) (Result, error) {
	m.deps.Printf("Trying to back up %s\n", job.Path)
	prepared, err := m.deps.Nodes.PrepareSnapshot(ctx, job.Node, nodeapi.PrepareRequest{Path: job.Path})
	if err != nil {
		return Result{}, err
	}
	defer m.release(ctx, job, prepared.Handle) // also after an error
	if !bucket.ValidID(prepared.ID) || prepared.Packed <= 0 {
		return Result{}, errs.E(errs.Snapshot, "The query node returned a snapshot without a valid id or size")
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
	// Without the record, the next round only makes the copy again.
	if err := Save(ctx, m.deps.Records, job.Path, Record{ChangeToken: prepared.ChangeToken, ID: prepared.ID}); err != nil {
		m.deps.Log.Warn("could not record snapshot", logging.DB, job.Path.String(), logging.Err, err)
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
		m.deps.Log.Debug("could not release copy; it expires", logging.DB, job.Path.String(), logging.Node, string(job.Node), logging.Err, err)
	}
}

// ListVisible lists the snapshots of a database, without those of former
// databases of the same name. Times are compared in seconds, because stores
// round them.
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

// IsVisible reports whether an object belongs to the database that was created
// at createdAt.
func IsVisible(o bucket.Object, createdAt time.Time) bool {
	return !o.ModifiedAt.Before(createdAt.Truncate(time.Second))
}

// FindByID returns the object with an id.
func FindByID(list []bucket.Object, id string) (bucket.Object, bool) {
	for _, o := range list {
		if o.ID == id {
			return o, true
		}
	}
	return bucket.Object{}, false
}
