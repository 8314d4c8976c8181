package snapshotio

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ayb-go/ayb/querynode/thread"
)

const (
	// Arguments of ioprio_set: one thread, and the class that uses the disk
	// only when no other process does.
	ioprioThread = 1
	ioprioIdle   = 3 << 13

	// The work is checked after each workSlice. If all other threads of the
	// process have computed for more than busyShare of that time, the work
	// pauses for pauseFactor times as long, at most maxPause.
	workSlice   = 2 * time.Millisecond
	pauseFactor = 4
	maxPause    = 50 * time.Millisecond
	busyShare   = 0.1
)

// runThrottled runs fn on a thread of its own and waits for it. fn calls wait
// between pieces of work; wait pauses while the process is busy with other
// work. A low thread priority would do harm instead: the kernel would suspend
// the thread while it occupies one of Go's few processors, and the garbage
// collector waits for every thread.
func runThrottled(fn func(wait func(context.Context))) {
	thread.Run(func() {
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioThread, 0, ioprioIdle) // without it the work only uses the disk at normal priority
		p := throttle{since: time.Now(), others: othersTime()}
		fn(p.wait)
	})
}

// throttle paces the work of one thread.
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
	// Work of the others during the pause does not count: they do more then than
	// they would beside this work.
	p.since, p.others = time.Now(), othersTime()
}

// othersTime is the processor time of all other threads of the process.
func othersTime() time.Duration {
	var all, own unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &all) != nil || unix.Getrusage(unix.RUSAGE_THREAD, &own) != nil {
		return 0 // it cannot fail
	}
	of := func(r unix.Rusage) time.Duration { return time.Duration(r.Utime.Nano() + r.Stime.Nano()) }
	return of(all) - of(own)
}
