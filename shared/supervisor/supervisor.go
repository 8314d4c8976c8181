// Package supervisor runs the roles of a process. It starts them in order,
// restarts a failed one, and stops them in the reverse order at the end. It owns
// their goroutines and the handling of signals. It does not know what a role
// does, and never exits the process itself.
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
	// Run works until ctx ends and then returns nil. It calls ready once, as
	// soon as other roles can use it. A return before the end of ctx is a
	// failure, also with nil.
	Run func(ctx context.Context, ready func()) error
}

// Config sets the time limits. Zero values mean the defaults.
type Config struct {
	// Grace is the time for all roles together to stop. Default 10 s.
	Grace time.Duration
	// FirstDelay is the pause before the first restart of a role. It doubles
	// with each failure, up to MaxDelay. Defaults 500 ms and 10 s.
	FirstDelay, MaxDelay time.Duration
	// MaxFailures of one role within Window end the process. Defaults 5 and
	// one minute.
	MaxFailures int
	Window      time.Duration
}

// Deps are the dependencies of a Supervisor.
type Deps struct {
	Log *slog.Logger
	// Force ends the wait for roles to stop when it is closed. It may be nil.
	Force <-chan struct{}
}

// ErrForced means that a role was still running when the supervisor stopped
// waiting.
var ErrForced = errors.New("a role did not stop in time")

// Fatal marks an error that a restart cannot repair, such as a port in use. It
// ends the process without restarts.
func Fatal(err error) error { return fatal{err} }

type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// Supervisor runs roles. Run may be called once.
type Supervisor struct {
	cfg  Config
	deps Deps
}

// New makes a supervisor. Run starts the roles.
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

// Run starts each role when the role before it is ready, and works until ctx ends
// or a role fails for good. Then it stops the roles one after another, the last
// one first.
//
// It returns nil after a clean stop, or the last error of the role that failed
// for good. It returns ErrForced, joined with that error, when a role was still
// running at the end of Grace or when Force was closed.
func (s *Supervisor) Run(ctx context.Context, roles ...Role) error {
	group, ending := errgroup.WithContext(ctx)
	var running []*roleRunner
	for _, role := range roles {
		r := s.startRole(ending, role)
		group.Go(r.wait)
		running = append(running, r)
		select {
		case <-r.ready:
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

// stopRoles stops the roles one after another, from the last to the first. left
// is the name of the role that did not stop in time, or empty.
func (s *Supervisor) stopRoles(running []*roleRunner) (left string) {
	grace := time.NewTimer(s.cfg.Grace)
	defer grace.Stop()
	for i := len(running) - 1; i >= 0; i-- {
		r := running[i]
		r.cancel()
		select {
		case <-r.done:
			continue
		case <-grace.C:
		case <-s.deps.Force:
		}
		for _, other := range running[:i] { // they are canceled, but not waited for
			other.cancel()
		}
		s.deps.Log.Warn("role did not stop in time", logging.Role, r.role.Name)
		return r.role.Name
	}
	return ""
}

// firstError returns the first error of the roles that have ended.
func firstError(running []*roleRunner) error {
	for _, r := range running {
		select {
		case <-r.done:
			if r.err != nil {
				return r.err
			}
		default:
		}
	}
	return nil
}
