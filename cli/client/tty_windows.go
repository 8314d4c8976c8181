package client

import (
	"os"

	"golang.org/x/sys/windows"
)

// isTerminal tells whether this stream is a terminal a person sits at.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	var mode uint32
	return windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}
