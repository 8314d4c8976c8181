// Package snapshotter is the role that keeps snapshots of databases in an
// object store: on a schedule, on demand, and before a restore. It owns the
// credentials of the store and the schedule, and implements snapshotapi.
//
// It never opens a database and never holds a byte of one. Query nodes copy and
// check databases in their sandboxes, and upload and download objects with URLs
// that this role signs. The control plane checks permissions before it asks
// this role.
//
// DESIGN.md describes how the parts work together.
package snapshotter

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/jobs"
	"github.com/ayb-go/ayb/snapshotter/schedule"
)

// checkTimeout is the limit for the check of the store at the start.
const checkTimeout = 10 * time.Second

// Config is the role's part of the configuration.
type Config struct {
	// Store is the bucket for snapshots; nil if snapshots are off.
	Store *bucket.Config
	// Interval is the time between two rounds; 0 if snapshots are made on
	// demand only.
	Interval time.Duration
	// Max is the number of snapshots kept of each database; 0 keeps all.
	Max int
	// MoveInterval is the time between two snapshots that are moved. Their
	// dates define their order, and stores round dates to seconds. Default 1.1
	// s.
	MoveInterval time.Duration
	// NodeTimeout is jobs.Config.NodeTimeout.
	NodeTimeout time.Duration
}

// Deps is what a Snapshotter needs.
type Deps struct {
	Bus       bus.Responder
	Lease     bus.Lease
	Queue     bus.PartitionedQueue
	Records   bus.KeyValue
	Directory directoryapi.Directory
	Nodes     nodeapi.Snapshots
	LiveNodes nodeapi.Nodes
	// Out receives the progress lines.
	Out io.Writer
	Log *slog.Logger
}

// Snapshotter is the role. Run may be called once.
type Snapshotter struct {
	deps    Deps
	answers snapshotapi.Snapshots
	service *service // nil when snapshots are off
	// schedule is nil if snapshots are made on demand only.
	schedule *schedule.Schedule
}

// New makes the role without a network request.
func New(cfg Config, deps Deps) (*Snapshotter, error) {
	if deps.Bus == nil || deps.Out == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "The snapshotter was started without a dependency")
	}
	s := &Snapshotter{deps: deps}
	if cfg.Store == nil {
		s.answers = disabled{}
		return s, nil
	}
	store, err := bucket.New(*cfg.Store)
	if err != nil {
		return nil, err
	}
	say := linePrinter(deps.Out)
	maker, err := jobs.New(jobs.Config{Max: cfg.Max, NodeTimeout: cfg.NodeTimeout},
		jobs.Deps{Nodes: deps.Nodes, LiveNodes: deps.LiveNodes, Store: store, Records: deps.Records, Printf: say, Log: deps.Log})
	if err != nil {
		return nil, err
	}
	s.service = newService(cfg, deps, store, maker)
	s.answers = s.service
	if cfg.Interval > 0 {
		s.schedule, err = schedule.New(schedule.Config{Interval: cfg.Interval}, schedule.Deps{
			Lease: deps.Lease, Queue: deps.Queue, Records: deps.Records, Directory: deps.Directory,
			Nodes: deps.Nodes, LiveNodes: deps.LiveNodes, Store: store, Printf: say, Log: deps.Log,
		})
	}
	return s, err
}

// linePrinter returns a function that prints one line at a time. Write errors
// are ignored.
func linePrinter(out io.Writer) func(string, ...any) {
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, format, args...)
	}
}

// Run runs the role until ctx ends. It calls ready when the role answers. The
// error is Invalid if the object store rejects the configuration. A store that
// is unreachable now is no error.
func (s *Snapshotter) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if s.service != nil {
		if err := s.check(ctx); err != nil {
			return err
		}
		s.service.roleCtx = ctx
	}
	stop, err := snapshotapi.Serve(s.deps.Bus, s.answers)
	if err != nil {
		return err
	}
	defer stop()
	defer cancel() // first, running calls end
	s.deps.Log.Info("snapshotter started", "configured", s.service != nil, "scheduled", s.schedule != nil)
	ready()
	return s.runParts(ctx)
}

// check checks the store for a few seconds at most, so that a store that does
// not answer cannot delay the start of the server.
func (s *Snapshotter) check(ctx context.Context) error {
	checking, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := s.service.store.Check(checking)
	if errs.Is(err, errs.Invalid) {
		return err
	}
	if err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("could not reach the object store; snapshots have to wait", logging.Err, err)
	}
	return nil
}

func (s *Snapshotter) runParts(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if s.service != nil {
		group.Go(func() error { return s.service.maker.Work(ctx, s.deps.Queue) })
	}
	if s.schedule != nil {
		group.Go(func() error { return s.schedule.Run(ctx) })
	}
	group.Go(func() error { <-ctx.Done(); return nil })
	return group.Wait()
}
