package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Group is the group of one daemon. It is not safe for concurrent use.
type Group struct {
	tree    *Tree
	account string
	dirs    []string // one per level of the tree
}

// New makes the group of one daemon of an account. The owner must be a valid
// file name.
func (t *Tree) New(owner string, l Limits) (*Group, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.removeUnused()
	t.last++
	g := &Group{tree: t, account: owner}
	for _, level := range t.levels {
		dir, err := level.makeDaemonDir(owner, t.last, l)
		g.dirs = append(g.dirs, dir)
		if err != nil {
			t.discard(g)
			return nil, fmt.Errorf("make a control group for a daemon: %w", err)
		}
	}
	if t.accounts[owner] == 0 {
		t.resetAccount(owner)
	}
	t.accounts[owner]++
	return g, nil
}

// accountDir is the group of an account.
func (l level) accountDir(owner string) string { return l.dir + separator + owner }

// makeDaemonDir makes the group of a daemon. In a version 1 hierarchy that only
// has the processor controller, it is the group of the account: each further
// level costs time at every switch between threads.
func (l level) makeDaemonDir(owner string, number uint64, limits Limits) (string, error) {
	dir := l.accountDir(owner)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return dir, err
	}
	inner := slices.DeleteFunc(slices.Clone(l.controllers), func(c string) bool { return c == "cpu" })
	if len(inner) == 0 && !l.v2 {
		return dir, nil
	}
	if err := l.enableControllers(dir, inner); err != nil {
		return dir, err
	}
	dir = filepath.Join(dir, "daemon-"+strconv.FormatUint(number, 10))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return dir, err
	}
	return dir, l.setLimits(dir, limits)
}

// setLimits sets the limits of a daemon. A daemon must never swap, since
// swapping would slow down the disk for others.
func (l level) setLimits(dir string, limits Limits) error {
	type setting struct{ file, value string }
	var settings, optional []setting
	memory := strconv.FormatInt(limits.Memory, 10)
	for _, c := range l.controllers {
		switch {
		case c == "memory" && limits.Memory > 0 && l.v2:
			settings = append(settings, setting{"memory.max", memory})
			optional = append(optional, setting{"memory.swap.max", "0"}, setting{"memory.oom.group", "1"})
		case c == "memory" && limits.Memory > 0:
			settings = append(settings, setting{"memory.limit_in_bytes", memory})
			optional = append(optional, setting{"memory.memsw.limit_in_bytes", memory})
		case c == "pids" && limits.Threads > 0:
			settings = append(settings, setting{"pids.max", strconv.Itoa(limits.Threads)})
		}
	}
	for _, s := range settings {
		if err := writeSetting(dir, s.file, s.value); err != nil {
			return err
		}
	}
	for _, s := range optional { // missing in old kernels, and in kernels without swap
		if err := writeSetting(dir, s.file, s.value); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EOPNOTSUPP) {
			return err
		}
	}
	return nil
}

// Start starts a process in the group. The process is in the group from its
// first instruction. Start must be called within [thread.Run]: in version 1 the
// thread enters the group for the fork, and the child stays there. After an
// error that is ErrGroup the command was not tried.
func (g *Group) Start(cmd *exec.Cmd) error {
	if len(g.tree.levels) > 0 && g.tree.levels[0].v2 {
		return g.startInside(cmd)
	}
	tid := unix.Gettid()
	if tid == os.Getpid() {
		return fmt.Errorf("%w: the first thread of the process must not enter a group", ErrGroup)
	}
	thread := strconv.Itoa(tid)
	// If the thread stays in the group, it only delays the removal of the group.
	defer func() {
		for _, l := range g.tree.levels {
			_ = writeSetting(l.home, "tasks", thread)
		}
	}()
	for _, dir := range g.dirs {
		if err := writeSetting(dir, "tasks", thread); err != nil {
			return fmt.Errorf("%w: %w", ErrGroup, err)
		}
	}
	return cmd.Start()
}

// startInside is Start for version 2, in which the kernel starts the child in
// the group.
func (g *Group) startInside(cmd *exec.Cmd) error {
	f, err := os.Open(g.dirs[0])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrGroup, err)
	}
	defer f.Close()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(f.Fd())
	return cmd.Start()
}

// OutOfMemory reports whether the kernel has killed a process because the
// group's memory was used up.
func (g *Group) OutOfMemory() bool {
	for i, l := range g.tree.levels {
		file := "memory.oom_control"
		if l.v2 {
			file = "memory.events"
		}
		if n, err := readNumber(g.dirs[i], file, "oom_kill"); err == nil && n > 0 {
			return true
		}
	}
	return false
}

// Remove removes the group, and with the last daemon also the group of the
// account. It is called after the daemon has ended.
func (g *Group) Remove() {
	t := g.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.accounts[g.account]--; t.accounts[g.account] <= 0 {
		delete(t.accounts, g.account)
		delete(t.demoted, g.account)
	}
	t.discard(g)
}

// discard marks the group's directories as unused, and removes them if
// possible. The caller holds t.mu.
func (t *Tree) discard(g *Group) {
	for i, dir := range g.dirs {
		t.unused[dir] = g.account
		t.unused[t.levels[i].accountDir(g.account)] = g.account
	}
	t.removeUnused()
}

// removeUnused removes unused directories, the deepest first. Busy ones are
// tried again at the next call. The caller holds t.mu.
func (t *Tree) removeUnused() {
	for _, dir := range slices.Backward(slices.Sorted(maps.Keys(t.unused))) {
		if owner := t.unused[dir]; strings.HasSuffix(dir, separator+owner) && t.accounts[owner] > 0 {
			delete(t.unused, dir)
			continue
		}
		if err := os.Remove(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			delete(t.unused, dir)
		}
	}
}

// resetAccount restores the normal share of an account. Its directory may be an old
// one that was not removed in time.
func (t *Tree) resetAccount(owner string) {
	for _, l := range t.levels {
		if slices.Contains(l.controllers, "cpu") {
			_ = writeSetting(l.accountDir(owner), "cpu.idle", "0") // a new directory has this value
		}
	}
}

// Demote sets whether an account's daemons run only when no other process wants
// the processors. Repeated calls cost nothing. It does nothing for an account
// without daemons, and where groups do not control processors.
func (t *Tree) Demote(owner string, yes bool) error {
	value := "0"
	if yes {
		value = "1"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.accounts[owner] == 0 || t.demoted[owner] == yes {
		return nil
	}
	for _, l := range t.levels {
		if !slices.Contains(l.controllers, "cpu") {
			continue
		}
		err := writeSetting(l.accountDir(owner), "cpu.idle", value)
		if errors.Is(err, fs.ErrNotExist) {
			continue // kernels before 5.15
		}
		if err != nil {
			return fmt.Errorf("change the processor share of an account: %w", err)
		}
	}
	if t.demoted[owner] = yes; !yes {
		delete(t.demoted, owner)
	}
	return nil
}
