//go:build !unix

package dbfile

import "os"

// lockFile takes no lock: query nodes run on Linux.
func lockFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}
