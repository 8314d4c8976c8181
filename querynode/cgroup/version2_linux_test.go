package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mountOf2 is the mount point of version 2 on this host.
func mountOf2(t *testing.T) string {
	t.Helper()
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mounts(string(info)) {
		if m.v2 {
			return m.point
		}
	}
	t.Fatal("version 2 of control groups is not mounted here")
	return ""
}

// Version 2 places a process when it is made. That needs no controllers, so it
// is also tested where version 1 has them.
func TestVersion2Start(t *testing.T) {
	base := filepath.Join(mountOf2(t), "ayb-test-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(base, 0o755); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Remove(base); err != nil {
			t.Error(err)
		}
	}()
	tr, err := open(Config{Path: "/given", Node: "two"}, []hierarchy{{v2: true, base: base, home: mountOf2(t)}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	g := newGroup(t, tr, "alice", Limits{Memory: 1 << 30, Threads: 10})
	p := run(t, inGroup(g), "wait")
	if in := p.groups(t)[""]; !strings.HasSuffix(g.dirs[0], in) || !strings.HasSuffix(in, ":alice/daemon-1") {
		t.Errorf("in %q, not %q", in, g.dirs[0])
	}
	p.kill()
	g.Remove()
}

// A server moves below its group only if it is delegated.
func TestVersion2MovesServer(t *testing.T) {
	base := filepath.Join(mountOf2(t), "ayb-test-v-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(base, 0o755); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, dir := range []string{filepath.Join(base, serverLeaf), base} {
			if err := removeIfThere(dir); err != nil {
				t.Error(err)
			}
		}
	}()
	inside := &Group{tree: &Tree{levels: []level{{hierarchy: hierarchy{v2: true}}}}, dirs: []string{base}}
	p := run(t, inGroup(inside), "vacate", base)
	if len(p.said) != 1 || !strings.Contains(p.said[0], "Delegate=yes") {
		t.Errorf("not delegated: %q", p.said)
	}
	p.kill()
	if err := unix.Setxattr(base, "user.delegate", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	other := run(t, inGroup(inside), "wait")
	p = run(t, inGroup(inside), "vacate", base)
	if len(p.said) != 1 || !strings.Contains(p.said[0], "other processes") {
		t.Errorf("not alone: %q", p.said)
	}
	p.kill()
	other.kill()
	p = run(t, inGroup(inside), "vacate", base)
	if in := p.groups(t)[""]; filepath.Base(in) != serverLeaf {
		t.Errorf("in %q: %q", in, p.said)
	}
	p.kill()
}

// The limits of version 2, where this host has its controllers.
func TestVersion2Limits(t *testing.T) {
	if len(offered(mountOf2(t))) == 0 {
		t.Skip("not tested here: limits of control groups version 2, because version 1 has the controllers on this host")
	}
	tr := tree(t)
	if tr.Report().Version != 2 {
		t.Fatalf("got %v", tr.Report())
	}
	testStart(t, tr)
}
