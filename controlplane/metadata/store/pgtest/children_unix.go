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

// killChildren stops a process, so that it starts no more children, and kills its
// children. It returns their ids.
func killChildren(parent int) ([]int, error) {
	if err := syscall.Kill(parent, syscall.SIGSTOP); err != nil {
		return nil, fmt.Errorf("could not stop PostgreSQL: %w", err)
	}
	for state, _, ok := status(parent); ok && state != 'T'; state, _, ok = status(parent) {
		<-time.After(time.Millisecond)
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return nil, err
		}
		if _, of, ok := status(pid); ok && of == parent {
			_ = syscall.Kill(pid, syscall.SIGKILL) // the process may have ended
			children = append(children, pid)
		}
	}
	return children, nil
}

// isRunning reports whether a process exists and is no zombie.
func isRunning(pid int) bool {
	state, _, ok := status(pid)
	return ok && state != 'Z' && state != 'X'
}

// status returns the state and the parent of a process; ok is false without one.
func status(pid int) (state byte, parent int, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, false
	}
	// The name before the parenthesis may contain any character.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return fields[0][0], parent, err == nil
}
