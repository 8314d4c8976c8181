package pool

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// dropCapabilities is for the thread that starts daemons. Of a server that runs
// as root they get none of root's capabilities but the one to use its files
// whoever owns them, as after a server that ran as somebody else; Landlock leaves
// a daemon with its own directory in any case. Who is not root has none to give.
func dropCapabilities() error {
	for c := uintptr(0); ; c++ {
		switch has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0); {
		case errors.Is(err, unix.EINVAL): // there are no more
			return nil
		case err != nil:
			return fmt.Errorf("read what daemons may: %w", err)
		case has == 0 || c == unix.CAP_DAC_OVERRIDE:
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EPERM) { // not root, or root without the right to give up: as in a container
			return nil
		}
		if err != nil {
			return fmt.Errorf("take capability %d from daemons: %w", c, err)
		}
	}
}
