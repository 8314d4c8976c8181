//go:build !unix

package filelock

import "os"

// Acquire takes no lock here: servers run on Linux.
func Acquire(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}
