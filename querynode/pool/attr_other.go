//go:build !linux

package pool

import "syscall"

func childAttr() *syscall.SysProcAttr { return nil }
