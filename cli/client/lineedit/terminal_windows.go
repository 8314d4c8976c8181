package lineedit

import (
	"os"

	"golang.org/x/sys/windows"
)

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	var mode uint32
	return windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}

// terminalSize returns the size of the terminal on the standard output; 80 by 24
// if it is unknown.
func terminalSize() (columns, rows int) {
	var info windows.ConsoleScreenBufferInfo
	if err := windows.GetConsoleScreenBufferInfo(windows.Handle(os.Stdout.Fd()), &info); err != nil {
		return 80, 24
	}
	return max(1, int(info.Window.Right-info.Window.Left)+1), max(1, int(info.Window.Bottom-info.Window.Top)+1)
}
