// Package cgroup puts query daemons into control groups, where the host permits
// it. There is one group per account, so that all databases of an account
// together get one share of the processors. Below it there is one group per
// daemon, which limits memory and threads.
//
// The package knows both versions of control groups: version 2, which needs a
// delegated subtree, and the hierarchies of version 1. It changes only groups
// that it has made. Their names begin with "ayb-", and they are below the
// server's own group or the configured one. It moves no process but the
// server's, starts no daemon by itself and chooses no limit.
package cgroup

import (
	"errors"
	"slices"
	"strings"
)

// Auto selects the group of this process as the parent of all groups.
const Auto = "auto"

// Config is the place of the groups.
type Config struct {
	// Path is Auto, empty for Auto, or the path of an existing group as in
	// /proc/PID/cgroup, such as /ayb.
	Path string
	// Node names the query node. Nodes on one machine have different names.
	Node string
}

// Limits are the limits of one daemon.
type Limits struct {
	// Memory is in bytes and includes kernel memory for the process: cached
	// pages of files, socket buffers. 0 is unlimited.
	Memory int64
	// Threads is the largest number of threads. 0 is unlimited.
	Threads int
}

// Unavailable is the error of [Open] on a host without usable groups. The
// server works without them, but shares the processors less fairly.
type Unavailable struct {
	// Why completes the sentence "there are no control groups: …".
	Why string
	// Cause is the error of the system, or nil.
	Cause error
}

// Error implements error.
func (u *Unavailable) Error() string { return "there are no control groups: " + u.Why }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Cause }

// Why is the reason of an error of [Open], for the operator.
func Why(err error) string {
	if u, ok := errors.AsType[*Unavailable](err); ok {
		return u.Why
	}
	return err.Error()
}

// ErrGroup marks an error of [Group.Start] that concerns the group, not the
// command.
var ErrGroup = errors.New("the control group cannot be used")

// controllers are the controllers that the package uses, in the order of a
// report.
func controllers() []string { return []string{"memory", "cpu", "pids"} }

// Report lists the active controllers.
type Report struct {
	Version int      // of control groups, 1 or 2
	Active  []string // of memory, cpu, pids
}

// String is a phrase for the operator.
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
