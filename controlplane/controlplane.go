// Package controlplane is the role that serves the HTTP API and the pages, decides
// who may do what, and owns the metadata of accounts and databases. This package
// only assembles its sub-packages (services.go, fronts.go) and runs them with
// their background work (background.go).
//
// It never opens a hosted database: it calls query nodes through nodeapi and sends
// mail through mailapi, over any bus.
//
// Its many test files are one package because they all test the assembled role
// over HTTP, against the same server of world_test.go with the faked query nodes
// of files_test.go.
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

	"github.com/ayb-go/ayb/controlplane/front"
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

// Deps are what the control plane works with. A dependency is needed unless its
// comment says when it may be nil.
type Deps struct {
	Queries   nodeapi.Queries
	Imports   nodeapi.Imports
	Databases nodeapi.Databases
	Versions  nodeapi.Versions
	Deleted   nodeapi.DeletedDatabases
	Nodes     nodeapi.Nodes
	Snapshots snapshotapi.Snapshots
	Mail      mailapi.Sender
	// Peers are the other control planes of the server; nil for a server with
	// one control plane.
	Peers cache.Peers
	// BusHealthy returns nil while the bus is connected.
	BusHealthy func() error
	// BusFull reports whether the storage of the bus is full; nil stands for
	// never.
	BusFull func() bool
	// Pages makes the handler of the pages over the HTTP API and the web log-in;
	// nil for an API without pages.
	Pages func(http.Handler, *weblogin.Service) (http.Handler, error)
	Log   *slog.Logger
	// AllowLink and LinkRoots are those of linkcheck.Deps; nil outside tests.
	AllowLink func(netip.AddrPort) bool
	LinkRoots *x509.CertPool
	// Now is time.Now when it is nil.
	Now func() time.Time
}

// ControlPlane is the role. Its methods may be called concurrently.
type ControlPlane struct {
	deps       Deps
	store      *store.Store
	cache      *cache.Cache
	front      *front.Front
	lastUse    *lastuse.Tracker
	background background
}

// New checks the configuration, opens and migrates the metadata store, and
// assembles the services. They serve when Run is called. A caller that does not
// call Run calls Close.
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

// Handler answers all HTTP requests.
func (c *ControlPlane) Handler() http.Handler { return c.front }

// Run serves HTTP on the listener until ctx ends, lets running requests finish for
// at most ten seconds, and closes the store. A clean stop returns nil.
func (c *ControlPlane) Run(ctx context.Context, ln net.Listener) error {
	// Uses are recorded until the last request has ended.
	tracking, stopTracking := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { c.lastUse.Run(tracking) })
	working, stopWork := context.WithCancel(ctx)
	c.background.start(working, &running)
	running.Go(func() { c.deleteExpired(working) })
	err := c.front.Serve(ctx, ln)
	stopWork()
	stopTracking()
	running.Wait()
	return errors.Join(err, c.Close())
}

// Close closes the metadata store.
func (c *ControlPlane) Close() error { return c.store.Close() }

// healthTimeout limits the answer of the metadata store to a health check.
const healthTimeout = 2 * time.Second

// health returns an error unless the metadata store answers and the bus is
// connected.
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

// diskFull reports whether the disk of a node or of the bus is full.
func (c *ControlPlane) diskFull() bool {
	full := func(n nodeapi.NodeStatus) bool { return n.DiskFull }
	return slices.ContainsFunc(c.deps.Nodes.LiveNodes(), full) || c.deps.BusFull != nil && c.deps.BusFull()
}

// Invalidate removes from the cache what another control plane has changed.
func (c *ControlPlane) Invalidate(n invalidateapi.Notice) {
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
