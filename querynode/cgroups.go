package querynode

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/querynode/thread"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

const (
	// otherCacheBytes is what the kernel may keep for a daemon beside its own
	// memory and pages of its database: buffers of its socket, other files.
	otherCacheBytes = 64 << 20
	// cachedDatabases is how many files as large as the database may be the kernel
	// may have in memory for it: the database and a copy of it. Work on the
	// whole database would read everything from the disk several times and wait
	// for whatever it writes. The kernel takes this back when room is wanted.
	cachedDatabases = 2
	// maxThreads is more than a daemon with the most readers has.
	maxThreads = 256
)

// cgroupLimits are those of a daemon's control group. They are wider than what the
// daemon sets itself, and catch what that does not count.
func (n *Node) cgroupLimits(own daemonapi.Limits) cgroup.Limits {
	d := n.daemonConfig(own)
	data, files := int64(d.DataBytes()), min(d.DatabaseBytes, pool.MaxDatabaseBytes)
	if data == 0 || files <= 0 {
		return cgroup.Limits{Threads: maxThreads}
	}
	return cgroup.Limits{Memory: data + cachedDatabases*files + otherCacheBytes, Threads: maxThreads}
}

// openGroups makes the node's control groups where the host has a place, and
// gives what the operator is told about it.
func (n *Node) openGroups() (note string, err error) {
	groups, err := cgroup.Open(cgroup.Config{Path: n.cfg.Cgroup, Node: string(n.cfg.ID)})
	if err == nil {
		n.groups = groups
		return "control groups (" + groups.Report().String() + ") active", nil
	}
	if n.cfg.Cgroup != "" && n.cfg.Cgroup != cgroup.Auto {
		return "", fmt.Errorf("isolation.cgroup names %s, which cannot be used: %w", n.cfg.Cgroup, err)
	}
	return "no control groups: " + cgroup.Why(err), nil
}

// openIsolation probes the sandbox, in a control group if there are some. Where a
// process cannot be started in one there are none.
func (n *Node) openIsolation(ctx context.Context) (sandbox.Report, error) {
	note, err := n.openGroups()
	if err != nil {
		return sandbox.Report{}, err
	}
	report, err := n.probeSandbox(ctx)
	if errors.Is(err, errInGroup) {
		n.groups.Close()
		n.groups = nil
		if n.cfg.Cgroup != "" && n.cfg.Cgroup != cgroup.Auto {
			return report, err
		}
		note = "no control groups: a process cannot be started in one"
		report, err = n.probeSandbox(ctx)
	}
	report.Groups = note
	return report, err
}

// errInGroup is in the error of a probe that could not be started in a group.
var errInGroup = errors.New("a process cannot be started in a control group")

// runInGroup runs a probe as daemons run.
func (n *Node) runInGroup(cmd *exec.Cmd) error {
	if n.groups == nil {
		return cmd.Run()
	}
	g, err := n.groups.New("probe", n.cgroupLimits(daemonapi.Limits{}))
	if err != nil {
		return fmt.Errorf("%w: %w", errInGroup, err)
	}
	defer g.Remove()
	thread.Run(func() { err = g.Start(cmd) })
	if err != nil {
		return fmt.Errorf("%w: %w", errInGroup, err)
	}
	return cmd.Wait()
}
