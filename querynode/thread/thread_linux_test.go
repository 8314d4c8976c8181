package thread

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The thread is never the first of the process, and does not exist afterwards.
func TestRun(t *testing.T) {
	for range 50 {
		var tid int
		Run(func() {
			if tid = unix.Gettid(); tid == os.Getpid() {
				t.Error("on the first thread")
			}
		})
		deadline := time.After(10 * time.Second)
		for there(tid) {
			select {
			case <-deadline:
				t.Fatal("the thread is still there")
			case <-time.After(time.Millisecond):
			}
		}
	}
}

func there(tid int) bool {
	_, err := os.Stat(filepath.Join("/proc/self/task", strconv.Itoa(tid)))
	return err == nil
}
