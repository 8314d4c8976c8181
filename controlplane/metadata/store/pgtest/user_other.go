//go:build !unix

package pgtest

import "syscall"

func giveAway(string) error { return nil }

func unprivileged() *syscall.SysProcAttr { return nil }

func ownSession() *syscall.SysProcAttr { return nil }

func killFamily(int) ([]int, error) { return nil, nil }

func runs(int) bool { return false }
