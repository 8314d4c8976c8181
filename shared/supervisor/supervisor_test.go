package supervisor

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/shared/logging/loggingtest"
)

// diary records the starts and stops of roles, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) read() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, " ")
}

// good returns a role that takes some time to be ready and some time to stop.
func (d *diary) good(name string, start, stop time.Duration) Role {
	return Role{Name: name, Run: func(ctx context.Context, ready func()) error {
		d.add("+" + name)
		if !pause(ctx, start) {
			return nil
		}
		d.add(name)
		ready()
		<-ctx.Done()
		pause(context.WithoutCancel(ctx), stop)
		d.add("-" + name)
		return nil
	}}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func supervisor(t *testing.T, force <-chan struct{}) *Supervisor {
	t.Helper()
	s, err := New(Config{}, Deps{Log: loggingtest.New(t), Force: force})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// O6: roles stop in the reverse order of their start.
func TestStartsInOrderAndStopsInReverseO6(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &diary{}
		time.AfterFunc(time.Minute, cancel)
		err := supervisor(t, nil).Run(ctx, d.good("bus", time.Second, time.Second), d.good("node", time.Second, time.Second), d.good("http", 0, time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := d.read(), "+bus bus +node node +http http -http -node -bus"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestEndDuringStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &diary{}
		time.AfterFunc(1500*time.Millisecond, cancel)
		err := supervisor(t, nil).Run(ctx, d.good("bus", time.Second, 0), d.good("node", time.Hour, 0), d.good("http", 0, 0))
		if got, want := d.read(), "+bus bus +node -bus"; err != nil || got != want {
			t.Errorf("%v; got %s, want %s", err, got, want)
		}
	})
}

// Only the failed role is restarted, after a growing delay.
func TestRestartsWithGrowingDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &diary{}
		begin := time.Now()
		var starts []time.Duration
		flaky := Role{Name: "flaky", Run: func(ctx context.Context, ready func()) error {
			starts = append(starts, time.Since(begin))
			ready()
			if len(starts) < 4 {
				return errors.New("no")
			}
			<-ctx.Done()
			return nil
		}}
		time.AfterFunc(time.Hour, cancel)
		if err := supervisor(t, nil).Run(ctx, d.good("bus", 0, 0), flaky); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 3500 * time.Millisecond}
		if !slices.Equal(starts, want) {
			t.Errorf("starts at %v, want %v", starts, want)
		}
		if got := d.read(); got != "+bus bus -bus" {
			t.Errorf("the other role: %s", got)
		}
	})
}

func TestFiveFailuresInAMinuteAreTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		n := 0
		broken := Role{Name: "broken", Run: func(context.Context, func()) error {
			n++
			if n == 2 {
				return nil // a return without an error is a failure too
			}
			return errors.New("disk on fire")
		}}
		err := supervisor(t, nil).Run(t.Context(), d.good("bus", 0, 0), broken, d.good("never", 0, 0))
		if err == nil || err.Error() != "broken: disk on fire" || n != 5 {
			t.Errorf("%d runs, %v", n, err)
		}
		if got := d.read(); got != "+bus bus -bus" {
			t.Errorf("the others: %s", got)
		}
	})
}

// Failures that are far apart never end the process, and the delay does not grow.
func TestRareFailuresAreForgiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin, n := time.Now(), 0
		rare := Role{Name: "rare", Run: func(ctx context.Context, ready func()) error {
			ready()
			n++
			if n == 20 {
				cancel()
			}
			pause(ctx, 2*time.Minute)
			return errors.New("again")
		}}
		err := supervisor(t, nil).Run(ctx, rare)
		if n != 20 || err == nil || !strings.Contains(err.Error(), "did not stop cleanly") {
			t.Errorf("%d runs, %v", n, err)
		}
		if got, want := time.Since(begin), 19*(2*time.Minute+500*time.Millisecond); got != want {
			t.Errorf("took %v, want %v", got, want)
		}
	})
}

func TestFatalEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, cause := time.Now(), errors.New("port 5433 is taken")
		err := supervisor(t, nil).Run(t.Context(), Role{Name: "http", Run: func(context.Context, func()) error { return Fatal(cause) }})
		if !errors.Is(err, cause) || time.Since(begin) != 0 {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

// stuck returns a role that runs for an hour after it was canceled.
func (d *diary) stuck() Role { return d.good("stuck", 0, time.Hour) }

func TestGraceEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &diary{}
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		err := supervisor(t, nil).Run(ctx, d.good("bus", 0, 0), d.stuck())
		if !errors.Is(err, ErrForced) || !strings.Contains(err.Error(), "stuck") || time.Since(begin) != 11*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		pause(t.Context(), time.Hour) // until the stuck one has ended
	})
}

func TestForceEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived := make(chan os.Signal, 2)
		ctx, force, stop := watchSignals(t.Context(), arrived)
		defer stop()
		time.AfterFunc(time.Second, func() { arrived <- os.Interrupt })
		time.AfterFunc(2*time.Second, func() { arrived <- syscall.SIGTERM })
		begin, d := time.Now(), &diary{}
		err := supervisor(t, force).Run(ctx, d.good("bus", 0, 0), d.stuck())
		if !errors.Is(err, ErrForced) || time.Since(begin) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		pause(t.Context(), time.Hour)
	})
}

func TestNewNeedsALogger(t *testing.T) {
	if _, err := New(Config{}, Deps{}); err == nil {
		t.Error("no error without a logger")
	}
}
