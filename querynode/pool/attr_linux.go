package pool

import "syscall"

// childAttr ends a daemon with the node, and keeps the signals of the node's
// terminal from it.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
