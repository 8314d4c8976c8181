//go:build !unix

package filelock

import "os"

// Acquire opens the file without a lock on this system: servers run on Linux.
func Acquire(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}
