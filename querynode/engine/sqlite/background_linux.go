package sqlite

import "golang.org/x/sys/unix"

const (
	lowestPriority = 19 // nice value
	// For ioprio_set: one thread, and the class that uses only an idle disk.
	ioprioThread = 1
	ioprioIdle   = 3 << 13
)

// lowerPriority sets the lowest priority for the calling thread, but not
// SCHED_IDLE: a thread that hardly ever runs could hold SQLite's memory lock
// and block all other threads.
func lowerPriority() {
	// An error leaves the normal priority.
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, lowestPriority)
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioThread, 0, ioprioIdle)
}
