//go:build unix

package querynode

import (
	"golang.org/x/sys/unix"

	"github.com/ayb-go/ayb/querynode/space"
)

// freeBytes is the free space for unprivileged users; 0 when it is unknown.
func freeBytes(dir string) uint64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}

// diskBytes is the size of the file system; 0 when it is unknown.
func diskBytes(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0
	}
	return int64(s.Blocks) * int64(s.Bsize)
}

// checkSpace reports as DiskFull that the disk has less than bytes free besides
// its reserve.
func (n *Node) checkSpace(bytes int64) error {
	var s unix.Statfs_t
	if err := unix.Statfs(n.dir.Root(), &s); err != nil {
		return nil //nolint:nilerr // the next write reports it
	}
	if int64(s.Bavail)*int64(s.Bsize) < bytes+n.cfg.Space.Reserve {
		return space.Full()
	}
	return nil
}
