//go:build !unix

package controlplane_test

import (
	"testing"
	"time"
)

// cpuTime is not known here; the time of day will do.
func cpuTime(*testing.T) time.Duration { return time.Duration(time.Now().UnixNano()) }
