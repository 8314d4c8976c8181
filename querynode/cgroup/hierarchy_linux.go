package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hierarchy is one tree of groups and the place of this process in it.
type hierarchy struct {
	v2          bool
	controllers []string // those of controllers() that it has
	base        string   // parent directory of our groups
	home        string   // directory of the group of this process
}

// mount is one mounted tree of groups.
type mount struct {
	v2          bool
	controllers []string
	root        string // the mounted part of the tree
	point       string // its mount point
}

// mounts parses /proc/self/mountinfo.
func mounts(info string) []mount {
	var out []mount
	for line := range strings.Lines(info) {
		// ID PARENT MAJOR:MINOR ROOT POINT OPTIONS… - TYPE SOURCE SUPER
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		m := mount{root: unescape(left[3]), point: unescape(left[4])}
		switch right[0] {
		case "cgroup2":
			m.v2 = true
		case "cgroup":
			m.controllers = strings.Split(right[2], ",")
		default:
			continue
		}
		out = append(out, m)
	}
	return out
}

// unescape undoes the kernel's escapes in paths.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// memberships parses /proc/self/cgroup. It returns the path for each version 1
// controller, and under the empty name the path in version 2.
func memberships(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for c := range strings.SplitSeq(parts[1], ",") {
			out[c] = parts[2]
		}
	}
	return out
}

// directory is the directory of a group below a mount; "" when the mount does
// not show it.
func (m mount) directory(group string) string {
	rel, err := filepath.Rel(m.root, group)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") || strings.Contains(group, "/../") {
		return ""
	}
	return filepath.Join(m.point, rel)
}

// find returns the usable hierarchies: version 2 if it controls processors or
// memory, else those of version 1.
func find(info, self, path string) []hierarchy {
	all, groups := mounts(info), memberships(self)
	at := func(m mount, controller string) (base, home string) {
		own, ok := groups[controller]
		if !ok {
			return "", ""
		}
		home = m.directory(own)
		if path == "" || path == Auto {
			return home, home
		}
		return m.directory(path), home
	}
	for _, m := range all {
		if !m.v2 {
			continue
		}
		base, home := at(m, "")
		if base == "" || home == "" {
			continue
		}
		if has := offered(base); slices.Contains(has, "cpu") || slices.Contains(has, "memory") {
			return []hierarchy{{v2: true, controllers: has, base: base, home: home}}
		}
	}
	var out []hierarchy
	for _, m := range all {
		var has []string
		for _, c := range controllers() {
			if slices.Contains(m.controllers, c) && !slices.ContainsFunc(out, func(h hierarchy) bool { return slices.Contains(h.controllers, c) }) {
				has = append(has, c)
			}
		}
		if len(has) == 0 {
			continue
		}
		if base, home := at(m, has[0]); base != "" && home != "" {
			out = append(out, hierarchy{controllers: has, base: base, home: home})
		}
	}
	return out
}

// offered returns the known controllers that a version 2 group can enable for
// its children.
func offered(dir string) []string {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return nil // the group does not exist
	}
	has := strings.Fields(string(text))
	return slices.DeleteFunc(controllers(), func(c string) bool { return !slices.Contains(has, c) })
}
