package sqlite

import "golang.org/x/sys/unix"

const (
	lowestPriority = 19 // nice value
	// Of ioprio_set: one thread, and the class that is served when nobody else
	// wants the disk.
	ioprioThread = 1
	ioprioIdle   = 3 << 13
)

// lowerPriority gives the calling thread the lowest priority. Not that of SCHED_IDLE:
// SQLite takes turns at its memory with a lock, and a thread that is hardly
// ever run while it holds that would hold up everybody.
func lowerPriority() {
	// Without it the work is only as important as all else.
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, lowestPriority)
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioThread, 0, ioprioIdle)
}
