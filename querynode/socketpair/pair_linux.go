package socketpair

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Pair makes a connected pair: ours is non-blocking and stays, theirs is for
// a child's descriptor and is closed here once the child has it.
func Pair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a channel for a daemon: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "daemon"), os.NewFile(uintptr(fds[1]), "node"), nil
}

// writeNow writes what it can without waiting. An error leaves everything to
// the caller, who meets it again.
func writeNow(fd uintptr, b []byte) int {
	n, err := unix.Write(int(fd), b)
	if err != nil {
		return 0
	}
	return n
}

// Inherited takes the end that a daemon was started with.
func Inherited(fd uintptr) (*os.File, error) {
	if err := unix.SetNonblock(int(fd), true); err != nil {
		return nil, fmt.Errorf("the daemon was started without its channel: %w", err)
	}
	unix.CloseOnExec(int(fd))
	return os.NewFile(fd, "node"), nil
}
