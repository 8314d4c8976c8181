// Package controlplane is the role that knows who may do what: it serves the
// HTTP API and owns the metadata of accounts and databases. It assembles its
// sub-packages and runs them.
//
// It never opens a hosted database: it asks query nodes through nodeapi and
// mails through mailapi, and does not know what bus carries either.
package controlplane

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/front"
	"github.com/ayb-go/ayb/controlplane/front/api"
	"github.com/ayb-go/ayb/controlplane/front/ratelimit"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/lastuse"
	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
	"github.com/ayb-go/ayb/controlplane/metadata/cache"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/bus/invalidateapi"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Deps are what the control plane works with. All but those that say so are
// needed.
type Deps struct {
	Queries   nodeapi.Queries
	Imports   nodeapi.Imports
	Databases nodeapi.Databases
	Versions  nodeapi.Versions
	Deleted   nodeapi.DeletedDatabases
	Nodes     nodeapi.Nodes
	Snapshots snapshotapi.Snapshots
	Mail      mailapi.Sender
	// Peers are the other control planes of the server; nil when there can
	// be none.
	Peers cache.Peers
	// BusHealthy is nil while the bus is connected.
	BusHealthy func() error
	// BusFull tells whether the bus has no room for what it keeps; nil is never.
	BusFull func() bool
	// Pages makes the pages for people, over the sessions of their browsers;
	// nil for an API without pages.
	Pages func(*weblogin.Service) (http.Handler, error)
	Log   *slog.Logger
	// AllowLink and LinkRoots are those of linkcheck.Deps; nil for the rules
	// that hold outside tests.
	AllowLink func(netip.AddrPort) bool
	LinkRoots *x509.CertPool
	// Now is time.Now when it is nil.
	Now func() time.Time
}

// ControlPlane is the role. Its methods may be called concurrently.
type ControlPlane struct {
	deps  Deps
	store *store.Store
	cache *cache.Cache
	front *front.Front
	uses  *lastuse.Tracker
	kept  upkeep
}

// New checks the configuration, opens and migrates the metadata store, and
// assembles the services. It serves nothing yet. Whoever does not call Run
// calls Close.
func New(cfg Config, deps Deps) (*ControlPlane, error) {
	if deps.Queries == nil || deps.Imports == nil || deps.Databases == nil || deps.Versions == nil || deps.Deleted == nil || deps.Nodes == nil || deps.Snapshots == nil || deps.Mail == nil || deps.BusHealthy == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "controlplane: a dependency is missing")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	st, err := store.Open(context.Background(), store.Config{URL: cfg.DatabaseURL, TokensPerAccount: int64(cfg.TokensPerAccount)})
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{deps: deps, store: st}
	if err := c.assemble(cfg); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return c, nil
}

func (c *ControlPlane) assemble(cfg Config) (err error) {
	c.cache, err = cache.New(cache.Config{Entries: cfg.CacheEntries, Peers: c.deps.Peers}, c.store)
	if err != nil {
		return err
	}
	if c.kept, err = c.upkeep(cfg); err != nil {
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
	if c.uses, err = lastuse.New(c.store, c.deps.Log); err != nil {
		return err
	}
	dbs, err := c.databases(cfg)
	if err != nil {
		return err
	}
	people, err := accounts.New(
		accounts.Config{PublicURL: cfg.publicURL(), Login: cfg.login()},
		accounts.Deps{Identities: c.cache, Tokens: c.cache, Databases: dbs, UseTracker: c.uses, Mail: c.deps.Mail, Limits: limits, Now: c.deps.Now})
	if err != nil {
		return err
	}
	apps, err := c.applications(cfg, dbs, limits)
	if err != nil {
		return err
	}
	pages, err := c.pages(people, apps, dbs)
	if err != nil {
		return err
	}
	return c.mountFronts(cfg, api.Deps{
		Accounts: people, Authenticator: people, Tokens: people, Profiles: profiles, OAuth: apps,
		Databases: dbs, Permissions: dbs, Queries: dbs, Snapshots: dbs, Transfers: dbs,
	}, pages, limits)
}

func (c *ControlPlane) databases(cfg Config) (*databases.Databases, error) {
	return databases.New(databases.Config{Limits: cfg.limits(), Grace: cfg.DeletionGrace}, databases.Deps{
		Store: databases.Store{
			Lookup: c.cache, Listings: c.cache, Accounts: c.cache, Creation: c.cache, Operations: c.cache, Notes: c.cache, Grants: c.cache},
		Queries: c.deps.Queries, Imports: c.deps.Imports, Files: c.deps.Databases, Versions: c.deps.Versions,
		Nodes: c.deps.Nodes, Snapshots: c.deps.Snapshots, Purges: c.kept.purges, Operations: c.kept.operations, Now: c.deps.Now})
}

// Handler answers all HTTP requests.
func (c *ControlPlane) Handler() http.Handler { return c.front }

// Run serves the API on the listener until ctx ends, lets requests in flight
// finish for at most ten seconds, and closes the store. A clean stop is nil.
func (c *ControlPlane) Run(ctx context.Context, ln net.Listener) error {
	tracking, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { c.uses.Run(tracking) })
	keeping, end := context.WithCancel(ctx)
	c.kept.start(keeping, &background)
	background.Go(func() { c.sweep(keeping) })
	err := c.front.Serve(ctx, ln)
	end()
	stop()
	background.Wait()
	return errors.Join(err, c.Close())
}

// Close closes the metadata store.
func (c *ControlPlane) Close() error { return c.store.Close() }

// healthTimeout limits how long the metadata store may take to say that it
// is there.
const healthTimeout = 2 * time.Second

// health tells whether the control plane can do its work: its store answers
// and its bus is connected (A14).
func (c *ControlPlane) health(ctx context.Context) error {
	if err := c.deps.BusHealthy(); err != nil {
		return errs.Wrap(errs.Unavailable, err, "The bus is not connected")
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if err := c.store.Ping(ctx); err != nil {
		return errs.Wrap(errs.Unavailable, err, "The metadata store does not answer")
	}
	return nil
}

// diskFull tells whether a node, or the bus, has no room.
func (c *ControlPlane) diskFull() bool {
	full := func(n nodeapi.NodeStatus) bool { return n.DiskFull }
	return slices.ContainsFunc(c.deps.Nodes.LiveNodes(), full) || c.deps.BusFull != nil && c.deps.BusFull()
}

// Forget takes a notice of another control plane of the same server.
func (c *ControlPlane) Forget(n invalidateapi.Notice) {
	if n.All {
		c.cache.InvalidateAll()
	}
	for _, short := range n.Tokens {
		c.cache.InvalidateToken(short)
	}
	for _, path := range n.Databases {
		c.cache.InvalidateDatabase(path)
	}
}
