package thread

import (
	"os"

	"golang.org/x/sys/unix"
)

func first() bool { return unix.Gettid() == os.Getpid() }
