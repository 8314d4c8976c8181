//go:build !linux

package cgroup

import "os/exec"

// Tree is the groups of one query node; there are none on this system.
type Tree struct{}

// Open says that there are none.
func Open(Config) (*Tree, error) {
	return nil, &Unavailable{Why: "this system has none"}
}

// Report is never called: there is no Tree.
func (*Tree) Report() Report { return Report{} }

// Close does nothing.
func (*Tree) Close() {}

// New is never called.
func (*Tree) New(string, Limits) (*Group, error) { return &Group{}, nil }

// Demote is never called.
func (*Tree) Demote(string, bool) error { return nil }

// Group is the place of one daemon.
type Group struct{}

// Start starts the command as it is.
func (*Group) Start(cmd *exec.Cmd) error { return cmd.Start() }

// OutOfMemory is always false.
func (*Group) OutOfMemory() bool { return false }

// Remove does nothing.
func (*Group) Remove() {}
