package controlplane

import (
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/front/api"
	"github.com/ayb-go/ayb/controlplane/front/ratelimit"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/lastuse"
	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
	"github.com/ayb-go/ayb/controlplane/metadata/cache"
)

// assemble makes the services, each from the ones before it, and the fronts over
// them.
func (c *ControlPlane) assemble(cfg Config) (err error) {
	c.cache, err = cache.New(cache.Config{Entries: cfg.CacheEntries, Peers: c.deps.Peers}, c.store)
	if err != nil {
		return err
	}
	if c.background, err = c.newBackground(cfg); err != nil {
		return err
	}
	limits, err := ratelimit.New(ratelimit.Config{PerMinute: cfg.RatePerMinute})
	if err != nil {
		return err
	}
	profiles, err := c.profiles(limits)
	if err != nil {
		return err
	}
	if c.lastUse, err = lastuse.New(c.store, c.deps.Log); err != nil {
		return err
	}
	dbs, err := c.databases(cfg)
	if err != nil {
		return err
	}
	people, err := accounts.New(
		accounts.Config{PublicURL: cfg.publicURL(), Login: cfg.login()},
		accounts.Deps{Identities: c.cache, Tokens: c.cache, Databases: dbs, UseTracker: c.lastUse, Mail: c.deps.Mail, Limits: limits, Now: c.deps.Now})
	if err != nil {
		return err
	}
	apps, err := c.applications(cfg, dbs, limits)
	if err != nil {
		return err
	}
	sessions, err := weblogin.New(weblogin.Deps{Accounts: people, Applications: apps, Databases: dbs})
	if err != nil {
		return err
	}
	return c.mountFronts(cfg, api.Deps{
		Accounts: people, Authenticator: people, Tokens: people, Profiles: profiles, OAuth: apps,
		Databases: dbs, Permissions: dbs, Queries: dbs, Snapshots: dbs, Transfers: dbs,
	}, sessions, limits)
}

func (c *ControlPlane) databases(cfg Config) (*databases.Databases, error) {
	return databases.New(databases.Config{Limits: cfg.limits(), Grace: cfg.DeletionGrace}, databases.Deps{
		Store: databases.Store{
			Lookup: c.cache, Listings: c.cache, Accounts: c.cache, Creation: c.cache, Operations: c.cache, Notes: c.cache, Grants: c.cache},
		Queries: c.deps.Queries, Imports: c.deps.Imports, Files: c.deps.Databases, Versions: c.deps.Versions,
		Nodes: c.deps.Nodes, Snapshots: c.deps.Snapshots, Purges: c.background.purges, Operations: c.background.operations, Now: c.deps.Now})
}

// profiles makes the service for the profiles of accounts.
func (c *ControlPlane) profiles(limits *ratelimit.Limiter) (*accounts.Profiles, error) {
	return accounts.NewProfiles(accounts.ProfileDeps{
		Store: c.cache, Links: c.background.links, Limits: limits, NotifyPurge: func() { c.background.purges.Wake(); c.background.tasks.Wake() }, Now: c.deps.Now})
}

// applications makes the service that grants access to applications (OAuth).
func (c *ControlPlane) applications(cfg Config, dbs *databases.Databases, limits oauth.Limiter) (*oauth.Service, error) {
	key, err := token.DeriveKey(cfg.login(), "consent page")
	if err != nil {
		return nil, err
	}
	return oauth.New(oauth.Config{Key: key}, oauth.Deps{Store: c.cache, Databases: dbs, Limits: limits, Now: c.deps.Now})
}
