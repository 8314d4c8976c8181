package controlplane

import (
	"context"
	"sync"

	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/front/ratelimit"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/linkcheck"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// upkeep is what goes on while nobody asks: links of profiles are checked, files
// of databases are moved and removed, and their snapshots follow.
type upkeep struct {
	links    *linkcheck.Checker
	removals *databases.Removals
	moves    *databases.Moves
	errands  *databases.Errands
}

func (c *ControlPlane) upkeep(cfg Config) (u upkeep, err error) {
	u.links, err = linkcheck.New(linkcheck.Config{PublicURL: cfg.publicURL()},
		linkcheck.Deps{Store: c.store, Log: c.deps.Log, Allow: c.deps.AllowLink, Roots: c.deps.LinkRoots})
	if err != nil {
		return u, err
	}
	u.removals, err = databases.NewRemovals(databases.RemovalDeps{
		Store: c.store, Files: removalFiles{c.deps.Databases, c.deps.Files}, Nodes: c.deps.Nodes, Log: c.deps.Log, Now: c.deps.Now})
	if err != nil {
		return u, err
	}
	u.errands, err = databases.NewErrands(databases.ErrandDeps{Store: c.store, Snapshots: c.deps.Snapshots, Log: c.deps.Log, Now: c.deps.Now})
	if err != nil {
		return u, err
	}
	u.moves, err = databases.NewMoves(databases.MoveConfig{Grace: cfg.DeletionGrace}, databases.MoveDeps{
		Store: c.cache, Files: c.deps.Files, Nodes: c.deps.Nodes, Moved: u.errands.Wake,
		Expired: func() { u.removals.Wake(); u.errands.Wake() }, Log: c.deps.Log, Now: c.deps.Now})
	return u, err
}

// removalFiles are the two parts of a query node that remove files.
type removalFiles struct {
	nodeapi.Databases
	nodeapi.Files
}

// start runs it until ctx ends; running waits for that.
func (u upkeep) start(ctx context.Context, running *sync.WaitGroup) {
	running.Go(func() { _ = u.links.Run(ctx) }) // all of them return nil
	running.Go(func() { _ = u.removals.Run(ctx) })
	running.Go(func() { _ = u.moves.Run(ctx) })
	running.Go(func() { _ = u.errands.Run(ctx) })
}

// profiles makes the service for what accounts say about themselves.
func (c *ControlPlane) profiles(limits *ratelimit.Limiter) (*accounts.Profiles, error) {
	return accounts.NewProfiles(accounts.ProfileDeps{
		Store: c.cache, Links: c.kept.links, Limits: limits, NotifyPurge: func() { c.kept.removals.Wake(); c.kept.errands.Wake() }, Now: c.deps.Now})
}
