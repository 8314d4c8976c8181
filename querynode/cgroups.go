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
	// otherCacheBytes is kernel memory that a daemon may use besides its own
	// memory and pages of its database: socket buffers, other files.
	otherCacheBytes = 64 << 20
	// cachedDatabases is the number of files of the largest database size that
	// the page cache may hold for a daemon: the database and a copy. With less,
	// work on all of the database reads everything several times and waits for
	// its own writes. The kernel reclaims these pages when memory is needed.
	cachedDatabases = 2
	// maxThreads exceeds the threads of a daemon with the most readers.
	maxThreads = 256
)

// cgroupLimits are the limits of a daemon's control group. They are wider than
// the daemon's own limits, and include memory that those do not count.
func (n *Node) cgroupLimits(own daemonapi.Limits) cgroup.Limits {
	d := n.daemonConfig(own)
	data, files := int64(d.DataBytes()), min(d.DatabaseBytes, pool.MaxDatabaseBytes)
	if data == 0 || files <= 0 {
		return cgroup.Limits{Threads: maxThreads}
	}
	return cgroup.Limits{Memory: data + cachedDatabases*files + otherCacheBytes, Threads: maxThreads}
}

// openGroups makes the node's control groups where the host permits it. note is
// the result, for the operator.
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

// openIsolation probes the sandbox, in a control group where there is one. When
// a process cannot start in a group, the node uses no groups.
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

// errInGroup marks the error of a probe that could not start in a group.
var errInGroup = errors.New("a process cannot be started in a control group")

// runInGroup runs a probe in the same way as a daemon.
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
