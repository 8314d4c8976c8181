package pool

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Every client waits for the server, whose single steps are short. So its
// threads have short time slices: the kernel then lets a waking server thread
// run before a computing daemon has used up its slice. Daemons also have a
// lower priority where there are no control groups.
const (
	shortTimeSlice = 100_000 // nanoseconds, the kernel's minimum
	niceIncrement  = 5       // added to the nice value
	// daemonSlack is how late, in nanoseconds, timers of daemons may be. The
	// package shared/process says why.
	daemonSlack = 1_000_000
)

// shortenServerTimeSlices shortens the time slices of all threads of this
// process. Later threads inherit them. Kernels before 6.12 ignore it.
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
			return fmt.Errorf("shorten the time slices of a thread: %w", err)
		}
	}
	return nil
}

// lowerDaemonPriority lowers the priority of the calling thread. The processes
// that it starts inherit the priority.
func lowerDaemonPriority() error {
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, daemonSlack, 0, 0, 0); err != nil {
		return fmt.Errorf("set the timer slack of daemons: %w", err)
	}
	err := changeScheduling(0, func(a *unix.SchedAttr) {
		a.Runtime = 0 // the default
		a.Nice = min(a.Nice+niceIncrement, 19)
	})
	if err != nil {
		return fmt.Errorf("lower the priority of daemons: %w", err)
	}
	return nil
}

// changeScheduling changes how a thread is scheduled; 0 is the calling thread.
// A policy that the operator has chosen stays as it is.
func changeScheduling(thread int, change func(*unix.SchedAttr)) error {
	attr, err := unix.SchedGetAttr(thread, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		return err
	}
	change(attr)
	return unix.SchedSetAttr(thread, attr, 0)
}

// processorTime is the processor time of all threads of a process.
func processorTime(pid int) (time.Duration, bool) {
	const scheduled = 2 // CPUCLOCK_SCHED: the sum of all threads, in nanoseconds
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}
