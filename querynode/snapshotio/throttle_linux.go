package snapshotio

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ayb-go/ayb/querynode/thread"
)

const (
	// Of ioprio_set: one thread, and the class that is served when nobody else
	// wants the disk.
	ioprioThread = 1
	ioprioIdle   = 3 << 13

	// workSlice is how much is done at a time. Then the work rests for rests times as
	// long if all else in the process has computed for busy of that time.
	workSlice   = 2 * time.Millisecond
	pauseFactor = 4
	maxPause    = 50 * time.Millisecond
	busyShare   = 0.1
)

// runThrottled runs fn on a thread that gives way to others, and waits for it.
// fn has to call the function it is given again and again, which rests while
// the process has something else to do. A low priority instead would do harm:
// the kernel would make the thread wait while it has one of the few places at
// which Go runs anything, and the collector waits for every thread.
func runThrottled(fn func(pause func(context.Context))) {
	thread.Run(func() {
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioThread, 0, ioprioIdle) // else it is as important as all else
		p := throttle{since: time.Now(), others: othersTime()}
		fn(p.wait)
	})
}

// throttle belongs to one thread.
type throttle struct {
	since  time.Time
	others time.Duration
}

func (p *throttle) wait(ctx context.Context) {
	worked := time.Since(p.since)
	if worked < workSlice {
		return
	}
	now := othersTime()
	if float64(now-p.others) > busyShare*float64(worked) {
		t := time.NewTimer(min(pauseFactor*worked, maxPause))
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	// What the others do while this rests does not count: it may be more than
	// they would do beside it.
	p.since, p.others = time.Now(), othersTime()
}

// othersTime is what all other threads of the process have computed.
func othersTime() time.Duration {
	var all, own unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &all) != nil || unix.Getrusage(unix.RUSAGE_THREAD, &own) != nil {
		return 0 // it cannot fail
	}
	of := func(r unix.Rusage) time.Duration { return time.Duration(r.Utime.Nano() + r.Stime.Nano()) }
	return of(all) - of(own)
}
