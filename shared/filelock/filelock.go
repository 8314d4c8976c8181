// Package filelock reserves a directory for one process at a time. The kernel
// holds the lock and releases it with the process.
package filelock

import "errors"

// ErrHeld reports that another process holds the lock.
var ErrHeld = errors.New("another process uses it")
