package socketpair

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Pair makes a connected pair. ours is non-blocking. theirs is passed to a
// child, and the caller closes it once the child has it.
func Pair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a channel for a daemon: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "daemon"), os.NewFile(uintptr(fds[1]), "node"), nil
}

// writeNow writes without waiting and returns the number of bytes. After an
// error it is 0; the next write reports the error.
func writeNow(fd uintptr, b []byte) int {
	n, err := unix.Write(int(fd), b)
	if err != nil {
		return 0
	}
	return n
}

// Inherited is the end that a daemon was started with.
func Inherited(fd uintptr) (*os.File, error) {
	if err := unix.SetNonblock(int(fd), true); err != nil {
		return nil, fmt.Errorf("the daemon was started without its channel: %w", err)
	}
	unix.CloseOnExec(int(fd))
	return os.NewFile(fd, "node"), nil
}
