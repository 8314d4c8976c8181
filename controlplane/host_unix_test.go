//go:build unix

package controlplane_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the processor time of this process so far.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
