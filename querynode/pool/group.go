package pool

import (
	"errors"
	"os/exec"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// fork starts the process in a control group. When the group cannot be used it
// starts the process without one: the daemon's own limits still hold.
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
	p.deps.Log.Warn("could not use a control group; the query daemon runs without one", "db", d.db.String(), "err", err)
	return p.forks.start(cmd, nil)
}

// owner is the account that owns the database.
func (d *Daemon) owner() ayb.EntitySlug { return d.db.Entity }

// leaveGroup removes the group of an ended daemon, and records whether the
// daemon ran out of memory.
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

// setCause records why the daemon is killed, for its clients and the log. The
// first cause is kept.
func (d *Daemon) setCause(cause string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cause == "" {
		d.cause = cause
	}
}
