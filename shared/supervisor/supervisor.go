// Package supervisor runs the roles of a process: starts them in order, starts
// one that failed again, and stops them in the reverse order when the process
// is told to end. It owns their goroutines and the handling of signals; it
// knows nothing of what a role does, and never ends the process itself.
package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
)

// Role is one part of a process.
type Role struct {
	// Name is for logs and errors.
	Name string
	// Run works until ctx ends and then returns nil. It calls ready as soon
	// as others can rely on it, at most once for each run. Returning before
	// ctx has ended is a failure, whatever it returns.
	Run func(ctx context.Context, ready func()) error
}

// Config bounds patience. Zero values are the defaults.
type Config struct {
	// Grace is how long all roles together may take to stop. Default 10 s.
	Grace time.Duration
	// FirstDelay comes before the first restart of a role, and doubles with
	// each failure up to MaxDelay. Defaults 500 ms and 10 s.
	FirstDelay, MaxDelay time.Duration
	// MaxFailures of one role within Window are the end. Defaults 5 and one
	// minute.
	MaxFailures int
	Window      time.Duration
}

// Deps is what a Supervisor needs.
type Deps struct {
	Log *slog.Logger
	// Force stops the waiting for roles to stop, at once. It may be nil.
	Force <-chan struct{}
}

// ErrForced says that roles were still working when the process gave up
// waiting for them.
var ErrForced = errors.New("not everything stopped in time")

// Fatal marks a failure that a restart cannot mend, such as a port that is
// taken: it ends the process at once.
func Fatal(err error) error { return fatal{err} }

type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// Supervisor runs roles. Run may be called once.
type Supervisor struct {
	cfg  Config
	deps Deps
}

// New makes a supervisor; it starts nothing.
func New(cfg Config, deps Deps) (*Supervisor, error) {
	if deps.Log == nil {
		return nil, errs.E(errs.Internal, "The supervisor needs a logger")
	}
	cfg.Grace = cmp.Or(cfg.Grace, 10*time.Second)
	cfg.FirstDelay = cmp.Or(cfg.FirstDelay, 500*time.Millisecond)
	cfg.MaxDelay = cmp.Or(cfg.MaxDelay, 10*time.Second)
	cfg.MaxFailures = cmp.Or(cfg.MaxFailures, 5)
	cfg.Window = cmp.Or(cfg.Window, time.Minute)
	return &Supervisor{cfg: cfg, deps: deps}, nil
}

// Run starts each role once the one before it is ready, and works until ctx
// ends or a role fails for good. Then it stops the roles, the last one first,
// each after the one before it has ended.
//
// It returns nil after a clean stop, the last error of the role that failed
// for good, and ErrForced (joined, if both) when roles were left behind
// because Grace had passed or Force was closed.
func (s *Supervisor) Run(ctx context.Context, roles ...Role) error {
	group, ending := errgroup.WithContext(ctx)
	var running []*roleRunner
	for _, role := range roles {
		k := s.startRole(ending, role)
		group.Go(k.wait)
		running = append(running, k)
		select {
		case <-k.ready:
			continue
		case <-ending.Done():
		}
		break
	}
	<-ending.Done()
	if left := s.stopRoles(running); left != "" {
		return errors.Join(firstError(running), fmt.Errorf("%w: %s", ErrForced, left))
	}
	return group.Wait()
}

// stopRoles ends the roles one after another, from the last to the first, and names
// the one that did not end in time.
func (s *Supervisor) stopRoles(running []*roleRunner) (left string) {
	grace := time.NewTimer(s.cfg.Grace)
	defer grace.Stop()
	for i := len(running) - 1; i >= 0; i-- {
		k := running[i]
		k.cancel()
		select {
		case <-k.done:
			continue
		case <-grace.C:
		case <-s.deps.Force:
		}
		for _, other := range running[:i] { // give them the chance to hear of it
			other.cancel()
		}
		s.deps.Log.Warn("role did not stop in time", logging.Role, k.role.Name)
		return k.role.Name
	}
	return ""
}

// firstError is the error of the role that ended the process, if it has ended.
func firstError(running []*roleRunner) error {
	for _, k := range running {
		select {
		case <-k.done:
			if k.err != nil {
				return k.err
			}
		default:
		}
	}
	return nil
}
