package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/logging"
)

// roleRunner runs one role again and again until it is told to stop or the role
// has failed too often.
type roleRunner struct {
	role   Role
	cancel context.CancelFunc
	// ready is closed when the role is ready for the first time.
	ready chan struct{}
	// done is closed at the end; err is set before.
	done chan struct{}
	err  error
}

// startRole starts a keeper. Its role's context is not ending's: roles stop one
// after another, not all at once when the process is told to end.
func (s *Supervisor) startRole(ending context.Context, role Role) *roleRunner {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ending))
	k := &roleRunner{role: role, cancel: cancel, ready: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(k.done)
		defer cancel()
		k.err = s.runWithRestarts(ctx, ending, k)
	}()
	return k
}

// wait waits for the end and gives the role's last error.
func (k *roleRunner) wait() error {
	<-k.done
	return k.err
}

func (s *Supervisor) runWithRestarts(ctx, ending context.Context, k *roleRunner) error {
	first := sync.OnceFunc(func() { close(k.ready) })
	var failed []time.Time
	delay := s.cfg.FirstDelay
	for {
		err := k.role.Run(ctx, first)
		if ctx.Err() != nil {
			return stopError(k.role, err)
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		err = fmt.Errorf("%s: %w", k.role.Name, err)
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
		s.deps.Log.Error("role failed and starts again", logging.Role, k.role.Name, logging.Err, err, "delay", delay)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil
		case <-ending.Done(): // nothing is started again at the end
			return nil
		}
		delay = min(2*delay, s.cfg.MaxDelay)
	}
}

// stopError judges what a role returns after it was told to stop.
func stopError(role Role, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("%s did not stop cleanly: %w", role.Name, err)
}

// dropBefore drops the times before the start of the window.
func dropBefore(times []time.Time, start time.Time) []time.Time {
	for len(times) > 0 && times[0].Before(start) {
		times = times[1:]
	}
	return times
}
