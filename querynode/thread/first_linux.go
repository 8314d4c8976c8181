package thread

import (
	"os"

	"golang.org/x/sys/unix"
)

func isFirst() bool { return unix.Gettid() == os.Getpid() }
