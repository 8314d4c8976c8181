package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// prefix begins the name of the group of a node, which is empty and there for
// its lock. Those of its accounts stand beside it, with the separator and their
// name added. They are not within it, because the kernel divides a group's
// weight among processors by what the groups within weigh there: with one that
// gives way, and weighs next to nothing, the node's would go up and down a
// hundredfold, and a thread that wakes up in between may wait for a third of a
// second.
const (
	prefix    = "ayb-node-"
	separator = ":"
)

// Tree is the groups of one query node. It is safe for concurrent use.
type Tree struct {
	levels []level

	mu       sync.Mutex
	accounts map[string]int    // how many daemons each has
	demoted  map[string]bool   // accounts that give way
	last     uint64            // number of the last daemon
	unused   map[string]string // directories to be removed, and whose they were
}

// level is the node's group in one hierarchy.
type level struct {
	hierarchy
	dir  string   // the node's group
	lock *os.File // held while the node lives, so that others leave its groups alone
}

// Open finds out what the host offers and makes the node's groups; what a
// killed server has left is removed. The error is *Unavailable where this
// process may not make groups.
func Open(cfg Config) (*Tree, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, &Unavailable{"/proc cannot be read", err}
	}
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, &Unavailable{"this kernel has none", err}
	}
	found := find(string(info), string(self), cfg.Path)
	if len(found) == 0 {
		return nil, &Unavailable{"none with the controllers for memory or processors can be seen from here", nil}
	}
	return open(cfg, found)
}

func open(cfg Config, found []hierarchy) (*Tree, error) {
	t := &Tree{accounts: map[string]int{}, demoted: map[string]bool{}, unused: map[string]string{}}
	var refused error
	for _, h := range found {
		l, err := openLevel(h, cfg)
		if err != nil {
			refused = err // the others are better than nothing
			continue
		}
		t.levels = append(t.levels, l)
	}
	if len(t.levels) == 0 {
		return nil, refused
	}
	return t, nil
}

// openLevel makes the node's group in a hierarchy.
func openLevel(h hierarchy, cfg Config) (level, error) {
	if h.v2 {
		var err error
		if h, err = prepareV2(h, cfg); err != nil {
			return level{}, err
		}
	}
	sweep(h.base)
	l := level{hierarchy: h, dir: filepath.Join(h.base, prefix+cfg.Node)}
	var err error
	for deadline := time.Now().Add(lockPatience); ; <-time.After(pause) {
		if l.lock, err = makeLocked(l.dir); err == nil {
			break
		}
		switch inUse := errors.Is(err, unix.EWOULDBLOCK); {
		case inUse && time.Now().After(deadline):
			return level{}, &Unavailable{"another process uses the group of this node; give each node on a machine its own querynode.id", err}
		case !inUse:
			return level{}, &Unavailable{"the server may not make groups in " + h.base, err}
		}
	}
	return l, nil
}

// lock takes a group for this process. The lock ends with the process, however
// that ends.
func lock(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// makeLocked makes a group and locks it. A server that starts at the same moment may
// look into it, and remove it before it is locked; then the error is that of a
// lock.
func makeLocked(dir string) (*os.File, error) {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	f, err := lock(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, unix.EWOULDBLOCK
	}
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); err != nil {
		f.Close()
		return nil, unix.EWOULDBLOCK
	}
	return f, nil
}

// sweep removes what servers have left that were killed. What belongs to a node
// begins with its name; whoever holds the lock of the name may remove it.
func sweep(base string) {
	left, err := filepath.Glob(filepath.Join(base, prefix+"*"))
	if err != nil {
		return // base holds what a pattern cannot: then it is not looked into
	}
	nodes := map[string]bool{}
	for _, dir := range left {
		node, _, _ := strings.Cut(dir, separator)
		nodes[node] = true
	}
	for node := range nodes {
		f, err := makeLocked(node)
		if err != nil {
			continue // somebody's
		}
		removeAll(node)
		f.Close()
	}
}

// removeAll removes a node's group and those of its accounts, as far as they
// are empty. The kernel refuses to remove a group with processes.
func removeAll(node string) (done bool) {
	accounts, err := filepath.Glob(node + separator + "*")
	done = err == nil
	for _, dir := range accounts {
		removeEmptyBelow(dir)
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			done = false
		}
	}
	if err := os.Remove(node); err != nil && !errors.Is(err, fs.ErrNotExist) {
		done = false
	}
	return done
}

// removeEmptyBelow removes the groups below dir that are empty.
func removeEmptyBelow(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			below := filepath.Join(dir, e.Name())
			removeEmptyBelow(below)
			_ = os.Remove(below) // refused while a process is in it, and then rightly so
		}
	}
}

// Report tells what the groups hold.
func (t *Tree) Report() Report {
	r := Report{Version: 1}
	for _, l := range t.levels {
		if l.v2 {
			r.Version = 2
		}
		for _, c := range controllers() {
			for _, has := range l.controllers {
				if has == c {
					r.Active = append(r.Active, c)
				}
			}
		}
	}
	return r
}

// How long a group is waited for that another process is just looking into, and
// one whose processes are just ending; and how long between two looks.
const (
	lockPatience = 300 * time.Millisecond
	exitPatience = 2 * time.Second
	pause        = 10 * time.Millisecond
)

// Close removes all groups. Their daemons must have ended.
func (t *Tree) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for deadline := time.Now().Add(exitPatience); ; <-time.After(pause) {
		done := true
		for _, l := range t.levels {
			done = removeAll(l.dir) && done
		}
		if done || time.Now().After(deadline) {
			break // what is left is removed by the next start
		}
	}
	for _, l := range t.levels {
		l.lock.Close()
	}
	t.levels = nil
}

// writeSetting writes a setting of a group.
func writeSetting(dir, file, value string) error {
	// Without O_CREATE: in a group that is being removed nothing shall appear.
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// readNumber reads one number of a group: a whole file, or the line with a key.
func readNumber(dir, file, key string) (int64, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key+" "); ok {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, key)
}
