// Package schedule decides when snapshots are made: of all snapshotters one
// has the lease, looks round after round which databases have changed since
// their last stored snapshot, and puts a job into the queue for each of them.
//
// It touches no database and stores nothing. A round that fails costs nothing
// but time: the next one looks at everything anew.
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

// sweepInterval is how often unfinished uploads are looked for.
const sweepInterval = time.Hour

// Config says how often.
type Config struct {
	// Interval is the time from the beginning of one round to the next, and
	// up to a twentieth more, so that many servers on one store do not all
	// come at once.
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
	// Printf prints a line that tells what is done.
	Printf func(format string, args ...any)
	Log    *slog.Logger
}

// Schedule is the schedule of this process; Run may be called once.
type Schedule struct {
	cfg  Config
	deps Deps
	// lastSweep is when stale uploads were last looked for; for the goroutine of
	// the rounds.
	lastSweep time.Time
}

// New makes a schedule.
func New(cfg Config, deps Deps) (*Schedule, error) {
	if deps.Lease == nil || deps.Queue == nil || deps.Records == nil || deps.Directory == nil || deps.Nodes == nil ||
		deps.LiveNodes == nil || deps.Store == nil || deps.Printf == nil || deps.Log == nil {
		return nil, errs.E(errs.Internal, "The schedule of snapshots lacks something it needs")
	}
	if cfg.Interval <= 0 {
		return nil, errs.E(errs.Invalid, "The interval of snapshots must be above zero")
	}
	return &Schedule{cfg: cfg, deps: deps}, nil
}

// Run makes rounds while this process has the lease, until ctx ends.
func (s *Schedule) Run(ctx context.Context) error {
	return s.deps.Lease.Hold(ctx, s.rounds)
}

// rounds makes one round after another: a round that takes longer than the
// interval delays the next, and they never overlap (pitfall N5).
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
			next = now // what was missed is not made up for
		}
	}
}

// safeRound makes a round; whatever becomes of it, there will be others.
func (s *Schedule) safeRound(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			s.deps.Log.Error("round of snapshots panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	s.deps.Printf("Creating snapshots...\n")
	if err := s.Round(ctx); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("round of snapshots failed", logging.Err, err)
	}
}
