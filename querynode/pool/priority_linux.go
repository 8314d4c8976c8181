package pool

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Everybody waits for the server, and what it does at a time is little. So its
// threads take short turns: the kernel lets one that wakes up go before a
// daemon that computes, instead of letting that finish its turn. Daemons have
// less weight, too, where there are no control groups.
const (
	shortTimeSlice = 100_000 // nanoseconds, the least the kernel knows
	niceIncrement  = 5       // added to the nice value
	// daemonSlack is how late, in nanoseconds, timers of daemons may be. See
	// shared/process for what that is good for.
	daemonSlack = 1_000_000
)

// shortenServerTimeSlices gives all threads of this process short turns; threads to come
// inherit them. Kernels before 6.12 have turns of one length.
func shortenServerTimeSlices() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		err = changeScheduling(id, func(a *unix.SchedAttr) { a.Runtime = shortTimeSlice })
		if err != nil && err != unix.ESRCH { // it has ended
			return fmt.Errorf("shorten the turns of a thread: %w", err)
		}
	}
	return nil
}

// lowerDaemonPriority is for the thread that starts daemons, from which they inherit.
func lowerDaemonPriority() error {
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, daemonSlack, 0, 0, 0); err != nil {
		return fmt.Errorf("let the timers of daemons be late: %w", err)
	}
	err := changeScheduling(0, func(a *unix.SchedAttr) {
		a.Runtime = 0 // as long as usual
		a.Nice = min(a.Nice+niceIncrement, 19)
	})
	if err != nil {
		return fmt.Errorf("lower the priority of daemons: %w", err)
	}
	return nil
}

// changeScheduling changes how a thread is scheduled, 0 being the calling one. What the
// operator has chosen beside the usual policy stays.
func changeScheduling(thread int, change func(*unix.SchedAttr)) error {
	attr, err := unix.SchedGetAttr(thread, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		return err
	}
	change(attr)
	return unix.SchedSetAttr(thread, attr, 0)
}

// processorTime is what a process has computed so far.
func processorTime(pid int) (time.Duration, bool) {
	const scheduled = 2 // of the clocks that a process has: all its threads, to the nanosecond
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}
