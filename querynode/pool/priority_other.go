//go:build !linux

package pool

import "time"

// shortenServerTimeSlices does nothing on this system.
func shortenServerTimeSlices() error { return nil }

// lowerDaemonPriority does nothing on this system.
func lowerDaemonPriority() error { return nil }

// dropCapabilities does nothing on this system.
func dropCapabilities() error { return nil }

// processorTime is known on Linux only.
func processorTime(int) (time.Duration, bool) { return 0, false }
