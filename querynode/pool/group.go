package pool

import (
	"errors"
	"os/exec"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// fork starts the process, in a control group where there are some. Without one
// it runs too: its own limits hold in any case, and queries matter more.
func (d *Daemon) fork(cmd *exec.Cmd, own daemonapi.Limits) error {
	p := d.pool
	if p.deps.Groups == nil {
		return p.forks.start(cmd, nil)
	}
	group, err := p.deps.Groups.New(string(d.owner()), p.cfg.Bounds(own))
	if err == nil {
		d.group = group
		if err = p.forks.start(cmd, group); err == nil {
			return nil
		}
		d.leaveGroup()
		if !errors.Is(err, cgroup.ErrGroup) {
			return err
		}
	}
	p.deps.Log.Warn("daemon runs without a control group", "db", d.db.String(), "err", err)
	return p.forks.start(cmd, nil)
}

// owner is whose group the daemon is in.
func (d *Daemon) owner() ayb.EntitySlug { return d.db.Entity }

// leaveGroup removes the group of a daemon that has ended, and learns from it
// why it did.
func (d *Daemon) leaveGroup() {
	if d.group == nil {
		return
	}
	if d.group.OutOfMemory() {
		d.setCause("it ran out of memory")
	}
	d.group.Remove()
	d.group = nil
}

// setCause notes why the daemon was killed, for those who wait. The first reason
// counts.
func (d *Daemon) setCause(cause string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause == "" {
		d.cause = cause
	}
}
