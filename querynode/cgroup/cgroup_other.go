//go:build !linux

package cgroup

import "os/exec"

// Tree does not exist on this system.
type Tree struct{}

// Open reports that there are no groups.
func Open(Config) (*Tree, error) {
	return nil, &Unavailable{Why: "this system has none"}
}

// Report is never called, since there is no Tree.
func (*Tree) Report() Report { return Report{} }

// Close does nothing.
func (*Tree) Close() {}

// New is never called.
func (*Tree) New(string, Limits) (*Group, error) { return &Group{}, nil }

// Demote is never called.
func (*Tree) Demote(string, bool) error { return nil }

// Group is the group of one daemon.
type Group struct{}

// Start starts the command.
func (*Group) Start(cmd *exec.Cmd) error { return cmd.Start() }

// OutOfMemory returns false.
func (*Group) OutOfMemory() bool { return false }

// Remove does nothing.
func (*Group) Remove() {}
