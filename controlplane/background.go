package controlplane

import (
	"context"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/identity/linkcheck"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// background is the work of the control plane between requests: the links of
// profiles are checked, files of databases are moved and purged, and their
// snapshots follow.
type background struct {
	links      *linkcheck.Checker
	purges     *reconcile.Purges
	operations *reconcile.Operations
	tasks      *reconcile.SnapshotTasks
}

func (c *ControlPlane) newBackground(cfg Config) (b background, err error) {
	b.links, err = linkcheck.New(linkcheck.Config{PublicURL: cfg.publicURL()},
		linkcheck.Deps{Store: c.store, Log: c.deps.Log, Allow: c.deps.AllowLink, Roots: c.deps.LinkRoots})
	if err != nil {
		return b, err
	}
	b.purges, err = reconcile.NewPurges(reconcile.PurgeDeps{
		Store: c.store, Files: nodeFiles{c.deps.Databases, c.deps.Deleted}, Nodes: c.deps.Nodes, Log: c.deps.Log, Now: c.deps.Now})
	if err != nil {
		return b, err
	}
	b.tasks, err = reconcile.NewSnapshotTasks(reconcile.SnapshotTaskDeps{Store: c.store, Snapshots: c.deps.Snapshots, Log: c.deps.Log, Now: c.deps.Now})
	if err != nil {
		return b, err
	}
	b.operations, err = reconcile.NewOperations(reconcile.OperationDeps{
		Store: c.cache, Files: nodeFiles{c.deps.Databases, c.deps.Deleted}, Nodes: c.deps.Nodes, Grace: cfg.DeletionGrace, NotifyRename: b.tasks.Wake,
		NotifyPurge: func() { b.purges.Wake(); b.tasks.Wake() }, Log: c.deps.Log, Now: c.deps.Now})
	return b, err
}

// nodeFiles are the parts of a query node that move and remove the files of
// databases.
type nodeFiles struct {
	nodeapi.Databases
	nodeapi.DeletedDatabases
}

// start runs the work until ctx ends. running waits for its end.
func (b background) start(ctx context.Context, running *sync.WaitGroup) {
	running.Go(func() { _ = b.links.Run(ctx) }) // it returns nil
	running.Go(func() { b.purges.Run(ctx) })
	running.Go(func() { b.operations.Run(ctx) })
	running.Go(func() { b.tasks.Run(ctx) })
}

// expiryInterval is how often expired records are deleted. The store knows how
// long it keeps which.
const expiryInterval = time.Hour

// deleteExpired deletes log-in codes and tokens that expired long ago, at once and
// then every hour until ctx ends, so that the store does not grow for ever.
// Several control planes may do so.
func (c *ControlPlane) deleteExpired(ctx context.Context) {
	tick := time.NewTicker(expiryInterval)
	defer tick.Stop()
	for {
		if _, err := c.store.DeleteExpired(ctx, c.deps.Now()); err != nil && ctx.Err() == nil {
			c.deps.Log.Warn("could not delete expired records", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
