// Package filelock keeps a directory for one process at a time. The lock is
// the kernel's and ends with the process, however that ends.
package filelock

import "errors"

// ErrHeld says that another process has the lock.
var ErrHeld = errors.New("another process uses it")
