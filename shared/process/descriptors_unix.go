//go:build unix

package process

import "golang.org/x/sys/unix"

// descriptorLimit raises the number of descriptors that this process may have
// open to what it may be, and gives it; zero when it is not known.
func descriptorLimit() uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	if l.Cur < l.Max {
		raised := l
		raised.Cur = l.Max
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) == nil {
			l = raised
		}
	}
	return uint64(l.Cur) //nolint:unconvert // it is signed on some systems
}
