package controlplane

import (
	"context"
	"sync"

	"github.com/ayb-go/ayb/controlplane/databases/reconcile"
	"github.com/ayb-go/ayb/controlplane/front/ratelimit"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/linkcheck"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// upkeep is what goes on while nobody asks: links of profiles are checked, files
// of databases are moved and purged, and their snapshots follow.
type upkeep struct {
	links      *linkcheck.Checker
	purges     *reconcile.Purges
	operations *reconcile.Operations
	tasks      *reconcile.SnapshotTasks
}

func (c *ControlPlane) upkeep(cfg Config) (u upkeep, err error) {
	u.links, err = linkcheck.New(linkcheck.Config{PublicURL: cfg.publicURL()},
		linkcheck.Deps{Store: c.store, Log: c.deps.Log, Allow: c.deps.AllowLink, Roots: c.deps.LinkRoots})
	if err != nil {
		return u, err
	}
	u.purges, err = reconcile.NewPurges(reconcile.PurgeDeps{
		Store: c.store, Files: nodeFiles{c.deps.Databases, c.deps.Deleted}, Nodes: c.deps.Nodes, Log: c.deps.Log, Now: c.deps.Now})
	if err != nil {
		return u, err
	}
	u.tasks, err = reconcile.NewSnapshotTasks(reconcile.SnapshotTaskDeps{Store: c.store, Snapshots: c.deps.Snapshots, Log: c.deps.Log, Now: c.deps.Now})
	if err != nil {
		return u, err
	}
	u.operations, err = reconcile.NewOperations(reconcile.OperationDeps{
		Store: c.cache, Files: nodeFiles{c.deps.Databases, c.deps.Deleted}, Nodes: c.deps.Nodes, Grace: cfg.DeletionGrace, NotifyRename: u.tasks.Wake,
		NotifyPurge: func() { u.purges.Wake(); u.tasks.Wake() }, Log: c.deps.Log, Now: c.deps.Now})
	return u, err
}

// nodeFiles are the parts of a query node that move and remove the files of
// databases.
type nodeFiles struct {
	nodeapi.Databases
	nodeapi.DeletedDatabases
}

// start runs it until ctx ends; running waits for that.
func (u upkeep) start(ctx context.Context, running *sync.WaitGroup) {
	running.Go(func() { _ = u.links.Run(ctx) }) // it returns nil
	running.Go(func() { u.purges.Run(ctx) })
	running.Go(func() { u.operations.Run(ctx) })
	running.Go(func() { u.tasks.Run(ctx) })
}

// profiles makes the service for what accounts say about themselves.
func (c *ControlPlane) profiles(limits *ratelimit.Limiter) (*accounts.Profiles, error) {
	return accounts.NewProfiles(accounts.ProfileDeps{
		Store: c.cache, Links: c.kept.links, Limits: limits, NotifyPurge: func() { c.kept.purges.Wake(); c.kept.tasks.Wake() }, Now: c.deps.Now})
}
