package pool

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// dropCapabilities drops capabilities of the calling thread, and so of the
// daemons that it starts. A server that runs as root keeps CAP_DAC_OVERRIDE for
// its daemons: files in the data directory may belong to another user, if the
// server ran as that user before. Landlock confines a daemon to its own
// directory in any case. A server without root has no capabilities to drop.
func dropCapabilities() error {
	for c := uintptr(0); ; c++ {
		switch has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0); {
		case errors.Is(err, unix.EINVAL): // the last one
			return nil
		case err != nil:
			return fmt.Errorf("read the capabilities of daemons: %w", err)
		case has == 0 || c == unix.CAP_DAC_OVERRIDE:
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EPERM) { // not root, or root without CAP_SETPCAP, as in a container
			return nil
		}
		if err != nil {
			return fmt.Errorf("drop capability %d of daemons: %w", c, err)
		}
	}
}
