package sqlite

import (
	"testing"

	"golang.org/x/sys/unix"
)

// priority is the nice value of the calling thread.
func priority(t *testing.T) int {
	t.Helper()
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Error(err)
	}
	return 20 - raw // as the kernel gives it
}

// Only background work has the lowest priority.
func TestBackgroundGivesWay(t *testing.T) {
	before := priority(t)
	for range 3 {
		b := newBackground()
		got, disk := 0, uintptr(0)
		b.do(func() {
			got = priority(t)
			disk, _, _ = unix.Syscall(unix.SYS_IOPRIO_GET, ioprioThread, 0, 0)
		})
		b.stop()
		if got != lowestPriority || disk != ioprioIdle {
			t.Errorf("nice %d, disk %#x", got, disk)
		}
	}
	done := make(chan int)
	for range 20 {
		go func() { done <- priority(t) }()
		if got := <-done; got != before {
			t.Errorf("a thread of others has nice %d", got)
		}
	}
}
