//go:build unix

package pgtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// killChildren kills the children of a process, and stops it before, so that it
// makes no more.
func killChildren(parent int) ([]int, error) {
	if err := syscall.Kill(parent, syscall.SIGSTOP); err != nil {
		return nil, fmt.Errorf("stop PostgreSQL: %w", err)
	}
	for state, _, ok := status(parent); ok && state != 'T'; state, _, ok = status(parent) {
		<-time.After(time.Millisecond)
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var family []int
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return nil, err
		}
		if _, of, ok := status(pid); ok && of == parent {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			family = append(family, pid)
		}
	}
	return family, nil
}

// isRunning tells whether a process can still do something.
func isRunning(pid int) bool {
	state, _, ok := status(pid)
	return ok && state != 'Z' && state != 'X'
}

// status is the state and the parent of a process, if there is one.
func status(pid int) (state byte, parent int, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, false
	}
	// The name before may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return fields[0][0], parent, err == nil
}
