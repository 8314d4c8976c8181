// Package schedule decides when snapshots are made. One snapshotter holds the
// lease; in each round it finds the databases that have changed since their
// last stored snapshot, and queues a job for each.
//
// It does not touch databases and stores nothing. A failed round only costs
// time, because the next one starts afresh.
package schedule

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// sweepInterval is how often stale unfinished uploads are aborted.
const sweepInterval = time.Hour

// Config is the schedule's part of the configuration.
type Config struct {
	// Interval is the time from the beginning of one round to the next. Up to a
	// twentieth is added at random, so that servers with the same store do not
	// start at the same time.
	Interval time.Duration
}

// Deps is what a Schedule needs.
type Deps struct {
	Lease     bus.Lease
	Queue     bus.PartitionedQueue
	Records   bus.KeyValue
	Directory directoryapi.Directory
	Nodes     nodeapi.Snapshots
	LiveNodes nodeapi.Nodes
	Store     *bucket.Store
	// Printf prints a progress line.
	Printf func(format string, args ...any)
	Log    *slog.Logger
}

// Schedule is the schedule of this process. Run may be called once.
type Schedule struct {
	cfg  Config
	deps Deps
	// lastSweep is when stale uploads were last aborted. Only the goroutine of
	// the rounds uses it.
	lastSweep time.Time
}

// New makes a schedule.
func New(cfg Config, deps Deps) (*Schedule, error) {
	if deps.Lease == nil || deps.Queue == nil || deps.Records == nil || deps.Directory == nil || deps.Nodes == nil ||
		deps.LiveNodes == nil || deps.Store == nil || deps.Printf == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "The schedule of snapshots was started without a dependency")
	}
	if cfg.Interval <= 0 {
		return nil, errs.E(errs.Invalid, "The interval of snapshots must be greater than 0")
	}
	return &Schedule{cfg: cfg, deps: deps}, nil
}

// Run makes rounds while this process holds the lease, until ctx ends.
func (s *Schedule) Run(ctx context.Context) error {
	return s.deps.Lease.Hold(ctx, s.rounds)
}

// rounds makes one round after another. A round that takes longer than the
// interval delays the next; rounds never overlap.
func (s *Schedule) rounds(ctx context.Context) {
	next := time.Now()
	for {
		next = next.Add(s.cfg.Interval + rand.N(s.cfg.Interval/20+1))
		t := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		s.safeRound(ctx)
		if now := time.Now(); next.Before(now.Add(-s.cfg.Interval)) {
			next = now // missed rounds are skipped
		}
	}
}

// safeRound makes a round. A panic or an error ends that round only.
func (s *Schedule) safeRound(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			s.deps.Log.Error("round of snapshots panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	s.deps.Printf("Creating snapshots...\n")
	if err := s.Round(ctx); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("could not complete round of snapshots", logging.Err, err)
	}
}
