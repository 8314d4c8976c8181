//go:build !unix

package natsbus

import "os"

// lockFile takes no lock: servers run on Linux.
func lockFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}
