package querynode

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// stagedFor is how long a version waits to be published.
	stagedFor = 24 * time.Hour
	// tidyEvery is how often those that have waited longer are looked for.
	tidyEvery = time.Hour
)

var (
	_ nodeapi.LocalVersions = (*Node)(nil)
	_ nodeapi.LocalPlaces   = (*Node)(nil)
)

func live(p ayb.DatabasePath) pool.Place { return pool.Place{DB: p} }

// Stage implements nodeapi.LocalVersions.
func (n *Node) Stage(_ context.Context, req nodeapi.StageRequest) (nodeapi.StageResponse, error) {
	version, err := n.dir.Stage(req.Path)
	return nodeapi.StageResponse{Version: version}, err
}

// Unstage implements nodeapi.LocalVersions.
func (n *Node) Unstage(_ context.Context, req nodeapi.VersionRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.unstage(req.Path, req.Version)
}

func (n *Node) unstage(p ayb.DatabasePath, version string) error {
	if version == "" { // what is staged has a name; the live one is not ended for this
		return errs.E(errs.Invalid, "A version without a name cannot be removed")
	}
	return n.pool.Without(func() error { return n.dir.Unstage(p, version) }, pool.Place{DB: p, Version: version})
}

// Publish implements nodeapi.LocalVersions.
func (n *Node) Publish(_ context.Context, req nodeapi.VersionRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Without(func() error { return n.dir.Publish(req.Path, req.Version) },
		live(req.Path), pool.Place{DB: req.Path, Version: req.Version})
}

// createFrom makes a staged version a database.
func (n *Node) createFrom(p ayb.DatabasePath, version string) error {
	return n.pool.Without(func() error { return n.dir.CreateFrom(p, version) },
		live(p), pool.Place{DB: p, Version: version})
}

// Rename implements nodeapi.LocalPlaces.
func (n *Node) Rename(_ context.Context, req nodeapi.MoveRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Without(func() error { return n.dir.Rename(req.From, req.To) }, live(req.From), live(req.To))
}

// Shelve implements nodeapi.LocalPlaces.
func (n *Node) Shelve(_ context.Context, req nodeapi.ShelfRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Without(func() error { return n.dir.Shelve(req.Path, req.Key) }, live(req.Path))
}

// Unshelve implements nodeapi.LocalPlaces.
func (n *Node) Unshelve(_ context.Context, req nodeapi.ShelfRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.pool.Without(func() error { return n.dir.Unshelve(req.Path, req.Key) }, live(req.Path))
}

// Purge implements nodeapi.LocalPlaces. Nothing runs on what is on the shelf.
func (n *Node) Purge(_ context.Context, req nodeapi.ShelfRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.dir.PurgeShelf(req.Key)
}

// tidy removes versions that nobody has published, now and then, until ctx ends.
func (n *Node) tidy(ctx context.Context) {
	t := time.NewTicker(tidyEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			n.removeStale(time.Now().Add(-stagedFor))
		}
	}
}

// removeStale removes the versions that were staged before a time.
func (n *Node) removeStale(before time.Time) {
	stale, err := n.dir.Stale(before)
	if err != nil {
		n.deps.Log.Warn("staged versions not listed", "err", err)
	}
	for _, s := range stale {
		if err := n.unstage(s.Path, s.Version); err != nil && !errs.Is(err, errs.Conflict) { // published meanwhile
			n.deps.Log.Warn("staged version not removed", "db", s.Path.String(), "err", err)
		}
	}
}
