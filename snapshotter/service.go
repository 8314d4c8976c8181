package snapshotter

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/jobs"
)

// maxListed limits the snapshots in an answer, which is one message.
const maxListed = 5000

// service answers the requests of the control plane.
type service struct {
	store        *bucket.Store
	maker        *jobs.Maker
	deps         Deps
	moveInterval time.Duration
	// roleCtx is the context of the role. Requests end with it.
	roleCtx context.Context
}

var _ snapshotapi.Snapshots = (*service)(nil)

func newService(cfg Config, deps Deps, store *bucket.Store, maker *jobs.Maker) *service {
	return &service{
		store: store, maker: maker, deps: deps,
		moveInterval: cmp.Or(cfg.MoveInterval, 1100*time.Millisecond), roleCtx: context.Background(),
	}
}

// untilRoleEnds returns a context that ends with ctx or with the role.
func (s *service) untilRoleEnds(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.roleCtx, cancel)
	return ctx, func() { stop(); cancel() }
}

// ListSnapshots implements snapshotapi.Snapshots. It returns the newest
// maxListed snapshots.
func (s *service) ListSnapshots(ctx context.Context, req snapshotapi.ListRequest) (snapshotapi.ListResponse, error) {
	ctx, end := s.untilRoleEnds(ctx)
	defer end()
	visible, err := s.maker.ListVisible(ctx, req.Database.Path, req.Database.CreatedAt)
	if err != nil {
		return snapshotapi.ListResponse{}, err
	}
	resp := snapshotapi.ListResponse{Snapshots: []snapshotapi.Snapshot{}}
	for _, o := range visible[:min(len(visible), maxListed)] {
		resp.Snapshots = append(resp.Snapshots, snapshotapi.Snapshot{ID: o.ID, ModifiedAt: o.ModifiedAt, Bytes: o.Size})
	}
	return resp, nil
}

// TakeSnapshot implements snapshotapi.Snapshots.
func (s *service) TakeSnapshot(ctx context.Context, req snapshotapi.TakeRequest) (snapshotapi.TakeResponse, error) {
	ctx, end := s.untilRoleEnds(ctx)
	defer end()
	res, err := s.maker.Make(ctx, jobs.Job{Path: req.Database.Path, Node: req.Node, CreatedAt: req.Database.CreatedAt})
	return snapshotapi.TakeResponse{ID: res.ID, Created: res.Created}, err
}

// LoadSnapshot implements snapshotapi.Snapshots.
func (s *service) LoadSnapshot(ctx context.Context, req snapshotapi.LoadRequest) (snapshotapi.LoadResponse, error) {
	ctx, end := s.untilRoleEnds(ctx)
	defer end()
	unknown := errs.E(errs.NoSnapshot, "No snapshot has this id")
	if !bucket.ValidID(req.ID) { // only a valid id becomes part of a key
		return snapshotapi.LoadResponse{}, unknown
	}
	visible, err := s.maker.ListVisible(ctx, req.Source.Path, req.Source.CreatedAt)
	if err != nil {
		return snapshotapi.LoadResponse{}, err
	}
	o, there := jobs.FindByID(visible, req.ID)
	if !there {
		return snapshotapi.LoadResponse{}, unknown
	}
	url, err := s.store.URL(ctx, o)
	if err != nil {
		return snapshotapi.LoadResponse{}, err
	}
	var got nodeapi.FetchResponse
	err = s.maker.WhileNodeLives(ctx, req.Node, func(ctx context.Context) (err error) {
		got, err = s.deps.Nodes.FetchSnapshot(ctx, req.Node, nodeapi.FetchRequest{Path: req.Target, Version: req.Version, URL: url, ID: req.ID, DatabaseBytes: req.DatabaseBytes})
		return err
	})
	return snapshotapi.LoadResponse{Bytes: got.Bytes}, err
}

// MoveSnapshots implements snapshotapi.Snapshots. It moves the oldest snapshot
// first, and copies each before removing it: an interrupted move can be
// repeated, and the order stays. A copy has the date of the move.
func (s *service) MoveSnapshots(ctx context.Context, req snapshotapi.MoveRequest) (snapshotapi.Done, error) {
	ctx, end := s.untilRoleEnds(ctx)
	defer end()
	if req.From == req.To {
		return snapshotapi.Done{}, nil
	}
	if err := req.To.Check(); err != nil {
		return snapshotapi.Done{}, err
	}
	unlock, err := s.maker.Lock(ctx, req.From, req.To)
	if err != nil {
		return snapshotapi.Done{}, err
	}
	defer unlock()
	all, err := s.snapshotsBetween(ctx, snapshotapi.PurgeRequest{Path: req.From, Before: req.Before, Since: req.Since})
	if err != nil {
		return snapshotapi.Done{}, err
	}
	for i, o := range slices.Backward(all) {
		if err := s.store.Copy(ctx, o, req.To); err != nil {
			return snapshotapi.Done{}, err
		}
		if err := s.store.Remove(ctx, o); err != nil {
			return snapshotapi.Done{}, err
		}
		if i > 0 {
			sleep(ctx, s.moveInterval)
		}
	}
	return snapshotapi.Done{}, nil
}

// PurgeSnapshots implements snapshotapi.Snapshots.
func (s *service) PurgeSnapshots(ctx context.Context, req snapshotapi.PurgeRequest) (snapshotapi.Done, error) {
	ctx, end := s.untilRoleEnds(ctx)
	defer end()
	unlock, err := s.maker.Lock(ctx, req.Path)
	if err != nil {
		return snapshotapi.Done{}, err
	}
	defer unlock()
	old, err := s.snapshotsBetween(ctx, req)
	if err != nil || len(old) == 0 {
		return snapshotapi.Done{}, err
	}
	if err := s.store.Remove(ctx, old...); err != nil {
		return snapshotapi.Done{}, err
	}
	s.deps.Log.Info("snapshots purged", logging.DB, req.Path.String(), "count", len(old))
	return snapshotapi.Done{}, nil
}

// snapshotsBetween returns the snapshots of a path in a period, newest first. A
// zero Before is no limit.
func (s *service) snapshotsBetween(ctx context.Context, req snapshotapi.PurgeRequest) ([]bucket.Object, error) {
	all, err := s.maker.ListVisible(ctx, req.Path, req.Since)
	if err != nil || req.Before.IsZero() {
		return all, err
	}
	return slices.DeleteFunc(all, func(o bucket.Object) bool { return !o.ModifiedAt.Before(req.Before) }), nil
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
