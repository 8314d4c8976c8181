package cgroup

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// serverLeaf is the group of the server's own process in version 2, in which a
// group with controllers for its children holds no processes.
const serverLeaf = "ayb-server"

// prepareV2 makes the base of a version 2 hierarchy usable. If the base holds
// only this process, the process moves to a group below.
func prepareV2(h hierarchy, cfg Config) (hierarchy, error) {
	auto := cfg.Path == "" || cfg.Path == Auto
	if auto && filepath.Base(h.base) == serverLeaf {
		h.base = filepath.Dir(h.base) // an earlier start of this role moved the process
	}
	if auto && h.base == h.home && !delegated(h.base) {
		return h, &Unavailable{"the server has not been given a group of its own (with systemd: Delegate=yes)", nil}
	}
	if h.base == h.home && !isRoot(h.base) {
		if !onlyProcess(h.base) {
			return h, &Unavailable{"the server's group holds other processes too", nil}
		}
		leaf := filepath.Join(h.base, serverLeaf)
		if err := os.MkdirAll(leaf, 0o755); err != nil {
			return h, &Unavailable{"the server may not make groups in " + h.base, err}
		}
		if err := writeSetting(leaf, "cgroup.procs", strconv.Itoa(os.Getpid())); err != nil {
			return h, &Unavailable{"the server may not move itself within " + h.base, err}
		}
		h.home = leaf
	}
	if isRoot(h.base) && !controllersEnabled(h.base, h.controllers) {
		return h, &Unavailable{"the controllers are not enabled below the root of all groups", nil}
	}
	if err := (level{hierarchy: h}).enableControllers(h.base, h.controllers); err != nil {
		return h, &Unavailable{"the server may not use the controllers of " + h.base, err}
	}
	return h, nil
}

// enableControllers enables controllers for the groups below dir. Version 1
// does not need it.
func (l level) enableControllers(dir string, which []string) error {
	if !l.v2 || len(which) == 0 || controllersEnabled(dir, which) {
		return nil
	}
	return writeSetting(dir, "cgroup.subtree_control", "+"+strings.Join(which, " +"))
}

func controllersEnabled(dir string, wanted []string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return false
	}
	has := strings.Fields(string(text))
	return !slices.ContainsFunc(wanted, func(c string) bool { return !slices.Contains(has, c) })
}

// delegated reports whether a manager has left a group to its processes:
// systemd marks such groups, and the root that a container sees is its own.
func delegated(dir string) bool {
	mark := make([]byte, 8)
	for _, name := range []string{"user.delegate", "trusted.delegate"} {
		if n, err := unix.Getxattr(dir, name, mark); err == nil && bytes.Equal(mark[:n], []byte("1")) {
			return true
		}
	}
	info, err := os.ReadFile("/proc/self/cgroup")
	return err == nil && memberships(string(info))[""] == "/"
}

// isRoot reports whether dir is the root of all groups, which has no type. The
// root that a container sees has one.
func isRoot(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cgroup.type"))
	return os.IsNotExist(err)
}

// onlyProcess reports whether a group has no other process than this one.
func onlyProcess(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	return err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(os.Getpid())
}
