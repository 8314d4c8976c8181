//go:build !unix

package dbfile

import (
	"os"
	"testing"
	"time"
)

func fifo(file string) error { return os.Mkdir(file, 0o700) }

// cpuTime is not known here; the time of day will do.
func cpuTime(*testing.T) time.Duration { return time.Duration(time.Now().UnixNano()) }
