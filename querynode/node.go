// Package querynode is the role that owns hosted databases: it keeps their
// files, runs a sandboxed daemon for each database in use, and answers on the
// bus. It checks no permission, and handles no account, token or mail address.
//
// Its files follow the contract in shared/bus/nodeapi: databases.go,
// versions.go, deleted.go and snapshots.go each implement one part.
package querynode

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/dbfile"
	"github.com/ayb-go/ayb/querynode/engine/kind"
	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/querynode/relay"
	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/querynode/snapshotio"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/keyedmutex"
	"github.com/ayb-go/ayb/shared/mux"
)

// Config configures a query node. StatementTimeout, MaxDaemons, IdleTimeout
// and RequestBytes are required.
type Config struct {
	// ID names the node; empty for the name that the data directory holds.
	ID       nodeapi.NodeID
	DataPath string

	MaxDaemons       int
	IdleTimeout      time.Duration
	Readers          int
	HeapBytes        int64
	DatabaseBytes    int64
	RequestBytes     int
	StatementTimeout time.Duration

	// Space limits temporary files and reserves a part of the disk. Zero values
	// depend on the size of the disk.
	Space space.Limits

	// Cgroup is the control group below which daemons get theirs. cgroup.Auto
	// or empty finds one; another path must be usable.
	Cgroup string

	// RequireIsolation lets New fail when the sandbox is not complete.
	RequireIsolation bool
	// DaemonCommand is the program of a daemon; empty for this program.
	DaemonCommand string
}

// Deps are the node's collaborators. All are required.
type Deps struct {
	Bus      bus.Responder
	Registry bus.Registry
	Log      *slog.Logger
	// Isolation gets the report of the sandbox, once, before the node serves.
	Isolation func(sandbox.Report)
}

// Node is a query node. New checks the configuration and the sandbox; Run
// serves.
type Node struct {
	cfg     Config
	deps    Deps
	dir     *dbfile.Dir
	groups  *cgroup.Tree // nil where the host has no place for groups
	space   *space.Book  // nil where temporary files cannot be counted
	pool    *pool.Pool   // set before the node serves
	streams *relay.Relay // set before the node serves

	life      context.Context   // ends when the node stops; set before it serves
	prepared  *snapshotio.Store // set before the node serves
	transfers *snapshotio.Transfer
	preparing keyedmutex.Mutexes[ayb.DatabasePath] // one snapshot of a database at a time
	leases    leases
}

var _ nodeapi.LinkHandler = (*Node)(nil)

// New opens the data directory and probes the sandbox. The error is a sentence
// for the operator.
func New(ctx context.Context, cfg Config, deps Deps) (*Node, error) {
	if deps.Bus == nil || deps.Registry == nil || deps.Log == nil || deps.Isolation == nil {
		return nil, errors.New("querynode: a dependency is missing")
	}
	dir, err := dbfile.Open(cfg.DataPath)
	if err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, deps: deps, dir: dir, transfers: snapshotio.NewTransfer(transferStall)}
	if err := n.setUp(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// setUp finds the values that are not configured, and probes the sandbox.
func (n *Node) setUp(ctx context.Context) error {
	var err error
	n.cfg.Space = n.cfg.Space.ForDisk(diskBytes(n.dir.Root()))
	if n.space, err = space.NewBook(n.cfg.Space, 2*n.cfg.MaxDaemons); err != nil {
		return err
	}
	if n.cfg.ID == "" {
		id, err := n.dir.NodeID()
		if err != nil {
			return err
		}
		n.cfg.ID = nodeapi.NodeID(id)
	}
	if n.cfg.DaemonCommand == "" {
		program, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find the program of the query daemon: %w", err)
		}
		n.cfg.DaemonCommand = program
	}
	report, err := n.openIsolation(ctx)
	if err != nil {
		return err
	}
	n.deps.Isolation(report)
	if n.cfg.RequireIsolation && !report.Complete() {
		return errors.New("isolation.require is set, but this system does not enforce the whole sandbox; see the warning above")
	}
	return nil
}

// Close releases the data directory and removes the control groups. It is
// called after Run has returned.
func (n *Node) Close() error {
	if n.groups != nil {
		n.groups.Close()
	}
	n.space.Close()
	return n.dir.Close()
}

// ID is the node's name.
func (n *Node) ID() nodeapi.NodeID { return n.cfg.ID }

// Run serves until ctx ends, then stops all daemons. It calls ready once
// requests are answered.
func (n *Node) Run(ctx context.Context, ready func()) error {
	n.pool = pool.New(pool.Config{
		MaxDaemons: n.cfg.MaxDaemons, IdleTimeout: n.cfg.IdleTimeout,
		StatementTimeout: n.cfg.StatementTimeout, Command: n.daemonCommand, Bounds: n.cgroupLimits,
	}, pool.Deps{Files: n.dir, Log: n.deps.Log, Groups: n.groups, Space: n.space})
	defer n.pool.Close()
	n.streams, n.life = relay.New(n.pool), ctx
	outgoing, err := n.dir.Outgoing()
	if err != nil {
		return err
	}
	n.prepared = snapshotio.NewStore(outgoing, preparedTTL)
	defer n.transfers.Close()
	defer func() { _ = n.prepared.Close() }() // the next start removes remaining files
	var expiry sync.WaitGroup
	defer expiry.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	expiry.Go(func() { n.removeExpiredVersions(ctx) })
	stop, err := nodeapi.Serve(n.deps.Bus, n.cfg.ID, nodeapi.Handlers{Links: n, Databases: n, Versions: n, Deleted: n, Snapshots: n})
	if err != nil {
		return err
	}
	defer stop()
	n.deps.Log.Info("query node is ready", "node", string(n.cfg.ID), "databases", n.dir.Databases())
	ready()
	return nodeapi.Announce(ctx, n.deps.Registry, n.status, n.deps.Log)
}

// untilShutdown returns a context that also ends when the node stops.
func (n *Node) untilShutdown(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(n.life, func() { cancel(errs.E(errs.Unavailable, "The query node is shutting down")) })
	return ctx, func() { stop(); cancel(nil) }
}

// daemonCommand returns the program and the arguments of a daemon for a
// version.
func (n *Node) daemonCommand(v dbfile.Version, own daemonapi.Limits, seat space.Seat) (string, []string, error) {
	cfg := n.daemonConfig(own)
	cfg.Seat, cfg.Reserve = seat, n.cfg.Space.Reserve
	cfg.Dir, cfg.File, cfg.Temp, cfg.Staged, cfg.Parent = v.Dir, v.File, v.Temp, v.Staged, os.Getpid()
	args, err := cfg.Args()
	return n.cfg.DaemonCommand, args, err
}

// daemonConfig is the configuration that all daemons with these limits share.
func (n *Node) daemonConfig(own daemonapi.Limits) daemonargs.Config {
	return daemonargs.Config{
		Readers:   cmp.Or(own.Queries, n.cfg.Readers),
		HeapBytes: cmp.Or(own.HeapBytes, n.cfg.HeapBytes), DatabaseBytes: cmp.Or(own.DatabaseBytes, n.cfg.DatabaseBytes),
		RequestBytes: n.cfg.RequestBytes, StatementTimeout: n.cfg.StatementTimeout,
	}
}

func (n *Node) status() nodeapi.NodeStatus {
	return nodeapi.NodeStatus{
		ID: n.cfg.ID, Databases: n.dir.Databases(), FreeBytes: freeBytes(n.dir.Root()),
		DiskFull: n.checkSpace(0) != nil, TempBytes: n.space.TempBytes(),
		Engines: kind.Types(),
	}
}

// AcceptLink implements nodeapi.LinkHandler.
func (n *Node) AcceptLink(link mux.Link) bus.Peer { return n.streams.Accept(link) }
