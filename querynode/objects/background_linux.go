package objects

import (
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	// modest is a nice value. Not the lowest: Go's collector waits for every
	// thread now and then, and one that hardly ever runs would hold up the node.
	modest = 10
	// Of ioprio_set: one thread, and the class that is served when nobody else
	// wants the disk.
	ioprioThread = 1
	ioprioIdle   = 3 << 13
)

// inBackground runs fn on a thread that gives way to others, and waits for it.
func inBackground(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with its priority
		// Without it the work is only as important as all else.
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), modest)
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioThread, 0, ioprioIdle)
		fn()
	}()
	<-done
}
