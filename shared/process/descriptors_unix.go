//go:build unix

package process

import "golang.org/x/sys/unix"

// descriptorLimit raises the limit of open descriptors to the hard limit and
// returns it. Zero means that the limit is unknown.
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
	return uint64(l.Cur) //nolint:unconvert // signed on some systems
}
