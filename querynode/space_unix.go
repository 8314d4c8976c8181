//go:build unix

package querynode

import "golang.org/x/sys/unix"

// freeBytes is the room left for unprivileged users; 0 when it is not known.
func freeBytes(dir string) uint64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}
