package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/logging"
)

// roleRunner runs one role and restarts it, until it is canceled or the role has
// failed too often.
type roleRunner struct {
	role   Role
	cancel context.CancelFunc
	// ready is closed when the role is ready for the first time.
	ready chan struct{}
	// done is closed when the runner has ended; err is set before.
	done chan struct{}
	err  error
}

// startRole starts a runner. The context of the role does not end with ending,
// because roles stop one after another and not all at once.
func (s *Supervisor) startRole(ending context.Context, role Role) *roleRunner {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ending))
	r := &roleRunner{role: role, cancel: cancel, ready: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer cancel()
		r.err = s.runWithRestarts(ctx, ending, r)
	}()
	return r
}

// wait waits for the end and returns the last error of the role.
func (r *roleRunner) wait() error {
	<-r.done
	return r.err
}

// runWithRestarts runs the role until ctx ends, ending ends during a pause, or
// the role fails for good. The error is that of the last run.
func (s *Supervisor) runWithRestarts(ctx, ending context.Context, r *roleRunner) error {
	first := sync.OnceFunc(func() { close(r.ready) })
	var failed []time.Time
	delay := s.cfg.FirstDelay
	for {
		err := r.role.Run(ctx, first)
		if ctx.Err() != nil {
			return stopError(r.role, err)
		}
		if err == nil {
			err = errors.New("the role ended before it was stopped")
		}
		err = fmt.Errorf("%s: %w", r.role.Name, err)
		if _, ok := errors.AsType[fatal](err); ok {
			return err
		}
		now := time.Now()
		failed = dropBefore(append(failed, now), now.Add(-s.cfg.Window))
		if len(failed) == 1 {
			delay = s.cfg.FirstDelay
		}
		if len(failed) >= s.cfg.MaxFailures {
			return err
		}
		s.deps.Log.Error("role failed and will be restarted", logging.Role, r.role.Name, logging.Err, err, "delay", delay)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil
		case <-ending.Done(): // the process ends: no more restarts
			return nil
		}
		delay = min(2*delay, s.cfg.MaxDelay)
	}
}

// stopError returns the error of a role that was stopped; nil after a clean stop.
func stopError(role Role, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("%s did not stop cleanly: %w", role.Name, err)
}

// dropBefore returns the times from start on. times is sorted.
func dropBefore(times []time.Time, start time.Time) []time.Time {
	for len(times) > 0 && times[0].Before(start) {
		times = times[1:]
	}
	return times
}
