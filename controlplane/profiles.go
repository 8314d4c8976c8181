package controlplane

import (
	"context"
	"sync"

	"github.com/ayb-go/ayb/controlplane/accounts"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/linkcheck"
	"github.com/ayb-go/ayb/controlplane/ratelimit"
)

// upkeep is what goes on while nobody asks: links of profiles are checked,
// and files of deleted databases removed.
type upkeep struct {
	links    *linkcheck.Checker
	removals *databases.Removals
}

func (c *ControlPlane) upkeep(cfg Config) (u upkeep, err error) {
	u.links, err = linkcheck.New(linkcheck.Config{PublicURL: cfg.publicURL()},
		linkcheck.Deps{Store: c.store, Log: c.deps.Log, Allow: c.deps.AllowLink, Roots: c.deps.LinkRoots})
	if err != nil {
		return u, err
	}
	u.removals, err = databases.NewRemovals(databases.RemovalDeps{
		Store: c.store, Files: c.deps.Databases, Nodes: c.deps.Nodes, Log: c.deps.Log, Now: c.deps.Now})
	return u, err
}

// start runs it until ctx ends; running waits for that.
func (u upkeep) start(ctx context.Context, running *sync.WaitGroup) {
	running.Go(func() { _ = u.links.Run(ctx) }) // both return nil
	running.Go(func() { _ = u.removals.Run(ctx) })
}

// profiles makes the service for what accounts say about themselves.
func (c *ControlPlane) profiles(limits *ratelimit.Limiter) (*accounts.Profiles, error) {
	return accounts.NewProfiles(accounts.ProfileDeps{
		Store: c.cache, Links: c.kept.links, Limits: limits, Doomed: c.kept.removals.Wake, Now: c.deps.Now})
}
