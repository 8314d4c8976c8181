// Package cgroup puts each query daemon into control groups of its own, where
// the host lets this process make some: one group for each account, so that all
// databases of an account together get one share of the processors, and in it
// one for each daemon, with a bound on memory and on threads.
//
// It knows both forms that Linux has: version 2, where the server must have
// been given a subtree, and the hierarchies of version 1. It touches nothing
// but groups it has made itself, whose names begin with "ayb-", below the
// server's own group or the one that is configured; it never changes a setting
// of a group that others made, and never moves a process that is not the
// server's. It starts no daemon by itself and decides no limit.
package cgroup

import (
	"errors"
	"slices"
	"strings"
)

// Auto finds the place for groups: below the group this process is in.
const Auto = "auto"

// Config says where groups are made.
type Config struct {
	// Path is Auto or empty, or the path of an existing group as it stands in
	// /proc/PID/cgroup, such as /ayb.
	Path string
	// Node names the query node. Two nodes on one machine have two names.
	Node string
}

// Limits bound one daemon.
type Limits struct {
	// Memory is in bytes, with what the kernel keeps for the process: cached
	// pages of files, buffers of sockets. 0 is no bound.
	Memory int64
	// Threads is how many the daemon may have. 0 is no bound.
	Threads int
}

// Unavailable is the error of [Open] where groups cannot be made. It is no
// fault: everything works without them, only less fairly.
type Unavailable struct {
	// Why completes the sentence "there are no control groups: …".
	Why string
	// Cause is what the system said, if that was the reason.
	Cause error
}

// Error implements error.
func (u *Unavailable) Error() string { return "there are no control groups: " + u.Why }

// Unwrap gives the cause.
func (u *Unavailable) Unwrap() error { return u.Cause }

// Why is what an operator is told about an error of [Open].
func Why(err error) string {
	if u, ok := errors.AsType[*Unavailable](err); ok {
		return u.Why
	}
	return err.Error()
}

// ErrGroup is in an error of [Group.Start] when the group could not be used.
var ErrGroup = errors.New("the control group cannot be used")

// controllers are those that are used, in the order of a report.
func controllers() []string { return []string{"memory", "cpu", "pids"} }

// Report names what is in force.
type Report struct {
	Version int      // of control groups, 1 or 2
	Active  []string // of memory, cpu, pids
}

// String is the phrase for the operator.
func (r Report) String() string {
	s := strings.Join(r.Active, " + ")
	if r.Version == 1 {
		s += ", version 1"
	} else {
		s += ", version 2"
	}
	var missing []string
	for _, c := range controllers() {
		if !slices.Contains(r.Active, c) {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		s += "; without " + strings.Join(missing, " and ")
	}
	return s
}
