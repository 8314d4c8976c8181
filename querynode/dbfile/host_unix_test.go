//go:build unix

package dbfile

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func fifo(file string) error { return unix.Mkfifo(file, 0o600) }

// cpuTime is what this process has used.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
