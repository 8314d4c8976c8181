//go:build !unix

package pgtest

import "syscall"

func chownToServerUser(string) error { return nil }

func unprivileged() *syscall.SysProcAttr { return nil }

func ownSession() *syscall.SysProcAttr { return nil }

func killChildren(int) ([]int, error) { return nil, nil }

func isRunning(int) bool { return false }
