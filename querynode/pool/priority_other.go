//go:build !linux

package pool

import "time"

// shortenServerTimeSlices does nothing here.
func shortenServerTimeSlices() error { return nil }

// lowerDaemonPriority does nothing here.
func lowerDaemonPriority() error { return nil }

// dropCapabilities does nothing here.
func dropCapabilities() error { return nil }

// processorTime is known on Linux only.
func processorTime(int) (time.Duration, bool) { return 0, false }
