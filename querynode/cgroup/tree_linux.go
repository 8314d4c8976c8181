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

// prefix begins the name of a node's group, which is empty and exists for its
// lock. The groups of accounts are its siblings, named with the separator and
// the name of the account. They are not its children for the sake of fairness.
// The kernel divides a group's weight among processors by the weights of its
// children there. With a demoted child, whose weight is almost 0, the weight of
// the node's group would change a hundredfold, and a thread that wakes up in
// between could wait for a third of a second.
const (
	prefix    = "ayb-node-"
	separator = ":"
)

// Tree is the groups of one query node. It is safe for concurrent use.
type Tree struct {
	levels []level

	mu       sync.Mutex
	accounts map[string]int // number of daemons
	demoted  map[string]bool
	last     uint64            // number of the last daemon
	unused   map[string]string // directories to remove, and their accounts
}

// level is the node's group in one hierarchy.
type level struct {
	hierarchy
	dir  string   // the node's group
	lock *os.File // held while the node runs, so that other servers leave its groups alone
}

// Open makes the node's groups, and removes those of a killed server. The error
// is *Unavailable where this process may not make groups.
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
			refused = err // the other hierarchies are still useful
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

// lock locks a group for this process. The lock ends with the process.
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

// makeLocked makes a group and locks it. Another starting server may remove the
// group before it is locked; the error is then EWOULDBLOCK, as for a locked
// group.
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

// sweep removes the groups of killed servers. The groups of a node begin with
// the name of its group, and the holder of that group's lock may remove them.
func sweep(base string) {
	left, err := filepath.Glob(filepath.Join(base, prefix+"*"))
	if err != nil {
		return // base is not a valid pattern
	}
	nodes := map[string]bool{}
	for _, dir := range left {
		node, _, _ := strings.Cut(dir, separator)
		nodes[node] = true
	}
	for node := range nodes {
		f, err := makeLocked(node)
		if err != nil {
			continue // in use
		}
		removeAll(node)
		f.Close()
	}
}

// removeAll removes the empty groups of a node and its accounts. The kernel
// refuses to remove a group with processes.
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

// removeEmptyBelow removes the empty groups below dir.
func removeEmptyBelow(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			below := filepath.Join(dir, e.Name())
			removeEmptyBelow(below)
			_ = os.Remove(below) // the kernel refuses it while a process is inside
		}
	}
}

// Report returns the active controllers.
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

// lockPatience bounds the wait for a group that another server is examining,
// exitPatience the wait for ending processes, and pause is the interval of the
// attempts.
const (
	lockPatience = 300 * time.Millisecond
	exitPatience = 2 * time.Second
	pause        = 10 * time.Millisecond
)

// Close removes all groups. It is called after their daemons have ended.
func (t *Tree) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for deadline := time.Now().Add(exitPatience); ; <-time.After(pause) {
		done := true
		for _, l := range t.levels {
			done = removeAll(l.dir) && done
		}
		if done || time.Now().After(deadline) {
			break // the next start removes the rest
		}
	}
	for _, l := range t.levels {
		l.lock.Close()
	}
	t.levels = nil
}

// writeSetting writes a setting of a group.
func writeSetting(dir, file, value string) error {
	// Without O_CREATE, so that no file appears in a group that is being removed.
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// readNumber reads the number after a key in a file of a group.
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
