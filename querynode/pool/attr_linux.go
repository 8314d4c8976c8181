package pool

import "syscall"

// childAttr makes a daemon die with the node, and keeps the signals of the
// node's terminal away from it.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
