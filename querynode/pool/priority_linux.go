package pool

import "golang.org/x/sys/unix"

// Daemons give way to the server, which everybody waits for: their threads have
// less weight than its threads. And they take short turns, so that one that has
// just been asked need not wait for the end of a long turn of another.
const (
	giveWay = 5      // added to the nice value
	turn    = 100000 // nanoseconds
)

// stepBack lowers the priority of the calling thread and of what it starts.
func stepBack() {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL && attr.Policy != unix.SCHED_BATCH {
		return // the operator has chosen something else
	}
	attr.Nice = min(attr.Nice+giveWay, 19)
	attr.Runtime = turn // older kernels ignore it
	// Lower is always allowed; without it daemons only are as important as all else.
	_ = unix.SchedSetAttr(0, attr, 0)
}
