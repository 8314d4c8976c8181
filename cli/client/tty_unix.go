//go:build unix

package client

import (
	"os"

	"golang.org/x/sys/unix"
)

// isTerminal tells whether this stream is a terminal a person sits at.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}
