package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/thread"
)

// The processes of these tests run this test binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "helper" {
		os.Exit(helper(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// helper does one thing, reports it, and waits for the end of its input.
func helper(args []string) int {
	switch args[0] {
	case "wait":
	case "hungry": // until it is killed
		var kept [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = byte(i)
			}
			kept = append(kept, b)
			if len(kept) > 1<<10 {
				return 3 // a bound that does not hold
			}
		}
	case "node": // a query node that will be killed
		t, err := Open(Config{Node: args[1]})
		if err == nil {
			_, err = t.New("alice", Limits{Memory: 64 << 20, Threads: 64})
		}
		if err != nil {
			fmt.Fprintln(os.Stdout, err)
			return 1
		}
	case "vacate": // version 2: it leaves the group it is in
		h, err := prepareV2(hierarchy{v2: true, base: args[1], home: args[1]}, Config{})
		if err != nil {
			fmt.Fprintln(os.Stdout, Why(err))
			return 1
		}
		fmt.Fprintln(os.Stdout, h.home)
	}
	fmt.Fprintln(os.Stdout, "ready")
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // its end is what counts
	return 0
}

// process is a running helper.
type process struct {
	cmd  *exec.Cmd
	said []string
}

// run starts a helper with start, and waits until it is ready unless it ends by
// itself.
func run(t *testing.T, start func(*exec.Cmd) error, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self, append([]string{"helper"}, args...)...)}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(p.cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); p.kill() })
	if args[0] == "hungry" {
		return p
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		p.said = append(p.said, lines.Text())
	}
	return p
}

// kill ends the helper if it still runs.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()         // ended by a signal, or waited for already
}

// groups returns the groups of a process.
func (p *process) groups(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return memberships(string(b))
}

func inGroup(g *Group) func(*exec.Cmd) error {
	return func(cmd *exec.Cmd) (err error) {
		thread.Run(func() { err = g.Start(cmd) })
		return err
	}
}

func alongside(cmd *exec.Cmd) error { return cmd.Start() }

// tree opens the groups of a node.
func tree(t *testing.T) *Tree {
	t.Helper()
	tr, err := Open(Config{Node: "test-" + strconv.Itoa(os.Getpid())})
	if err != nil {
		t.Fatalf("the tests of control groups need a host that has some: %v (%v)", err, errors.Unwrap(err))
	}
	dirs := tr.dirs()
	t.Cleanup(func() {
		tr.Close()
		for _, dir := range dirs {
			if left, err := filepath.Glob(dir + "*"); err != nil || len(left) > 0 {
				t.Errorf("%q are left: %v", left, err)
			}
		}
	})
	return tr
}

func (t *Tree) dirs() []string {
	var out []string
	for _, l := range t.levels {
		out = append(out, l.dir)
	}
	return out
}

func newGroup(t *testing.T, tr *Tree, owner string, l Limits) *Group {
	t.Helper()
	g, err := tr.New(owner, l)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A daemon is in its groups with all its threads, and the server stays in its
// own.
func TestStart(t *testing.T) { testStart(t, tree(t)) }

func testStart(t *testing.T, tr *Tree) {
	t.Helper()
	before, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	g := newGroup(t, tr, "alice", Limits{Memory: 256 << 20, Threads: 77})
	p := run(t, inGroup(g), "wait")
	in := p.groups(t)
	for i, l := range tr.levels {
		for _, c := range l.controllers {
			at := in[c]
			if l.v2 {
				at = in[""]
			}
			if !strings.HasSuffix(g.dirs[i], at) || !strings.Contains(at, ":alice") {
				t.Errorf("%s: in %q, not %q", c, at, g.dirs[i])
			}
			if (c != "cpu" || l.v2) && !strings.HasSuffix(at, "/daemon-1") {
				t.Errorf("%s: %q is not a daemon's own", c, at)
			}
			for _, f := range settings(l.v2)[c] {
				dir := g.dirs[i]
				if f.account {
					dir = l.accountDir("alice")
				}
				got, err := os.ReadFile(filepath.Join(dir, f.name))
				if (err != nil || strings.TrimSpace(string(got)) != f.want) && !(f.optional && errors.Is(err, os.ErrNotExist)) {
					t.Errorf("%s is %q, not %s: %v", f.name, got, f.want, err)
				}
			}
		}
	}
	after, err := os.ReadFile("/proc/self/cgroup")
	if err != nil || string(after) != string(before) {
		t.Errorf("the server is in %q now: %v", after, err)
	}
	threads, err := filepath.Glob("/proc/self/task/*/cgroup")
	if err != nil || len(threads) == 0 {
		t.Fatal(err)
	}
	for _, file := range threads {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), ":alice") {
			t.Errorf("a thread of the server is left in %q", b)
		}
	}
	p.kill()
	g.Remove()
	for _, dir := range g.dirs {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
	}
}

// setting is what a file of a daemon's group, or of its account's, must say.
type setting struct {
	name, want        string
	account, optional bool // optional: kernels without swap lack it
}

// settings are those of a daemon of 256 MiB and 77 threads, by controller.
func settings(v2 bool) map[string][]setting {
	pids := []setting{{name: "pids.max", want: "77"}}
	if v2 {
		return map[string][]setting{
			"memory": {{name: "memory.max", want: "268435456"}, {name: "memory.swap.max", want: "0", optional: true}},
			"cpu":    {{name: "cpu.weight", want: "100", account: true}},
			"pids":   pids,
		}
	}
	return map[string][]setting{
		"memory": {{name: "memory.limit_in_bytes", want: "268435456"}, {name: "memory.memsw.limit_in_bytes", want: "268435456", optional: true}},
		"cpu":    {{name: "cpu.shares", want: "1024", account: true}},
		"pids":   pids,
	}
}

// Databases of one account share a group, which is removed with its last
// daemon.
func TestAccountGroup(t *testing.T) {
	tr := tree(t)
	a1, a2, b := newGroup(t, tr, "alice", Limits{}), newGroup(t, tr, "alice", Limits{}), newGroup(t, tr, "bob", Limits{})
	above := func(owner string) bool {
		_, err := os.Stat(tr.levels[0].accountDir(owner))
		return err == nil
	}
	a1.Remove()
	if !above("alice") {
		t.Error("the account's group went with the first of two daemons")
	}
	p := run(t, inGroup(a2), "wait")
	p.kill()
	a2.Remove()
	if above("alice") || !above("bob") {
		t.Errorf("alice %v, bob %v", above("alice"), above("bob"))
	}
	b.Remove()
	again := newGroup(t, tr, "alice", Limits{})
	defer again.Remove()
	if !above("alice") {
		t.Error("the account has no group")
	}
}

// An account can have the name of a kernel file.
func TestAccountNamedLikeAFile(t *testing.T) {
	tr := tree(t)
	for _, owner := range []string{"tasks", "cgroup.procs", "memory.max", "probe"} {
		newGroup(t, tr, owner, Limits{}).Remove()
	}
}

// Pitfall S12: a daemon that uses too much memory ends alone, and the reason is
// known.
func TestOutOfMemoryS12(t *testing.T) {
	tr := tree(t)
	g, other := newGroup(t, tr, "alice", Limits{Memory: 48 << 20}), newGroup(t, tr, "bob", Limits{Memory: 48 << 20})
	quiet := run(t, inGroup(other), "wait")
	hungry := run(t, inGroup(g), "hungry")
	err := hungry.cmd.Wait()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("ended with %v", err)
	}
	if !g.OutOfMemory() || other.OutOfMemory() {
		t.Errorf("out of memory: %v, the neighbour %v", g.OutOfMemory(), other.OutOfMemory())
	}
	if err := quiet.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the neighbour has ended: %v", err)
	}
	quiet.kill()
	other.Remove()
	g.Remove()
}

// S12: threads are limited too.
func TestThreadsS12(t *testing.T) {
	tr := tree(t)
	g := newGroup(t, tr, "alice", Limits{Threads: 1})
	defer g.Remove()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "helper", "wait") // Go needs more threads than one
	if err := inGroup(g)(cmd); err == nil && cmd.Wait() == nil {
		t.Error("a process with many threads runs in a group for one")
	}
}

// The groups of a killed node are removed by the next one; those of a running
// node stay.
func TestLeftovers(t *testing.T) {
	mine := tree(t)
	keep := newGroup(t, mine, "alice", Limits{})
	defer keep.Remove()
	killed := "killed-" + strconv.Itoa(os.Getpid())
	p := run(t, alongside, "node", killed)
	left := filepath.Join(filepath.Dir(mine.levels[0].dir), prefix+killed)
	if _, err := os.Stat(left + ":alice"); err != nil {
		t.Fatalf("the node has made no group: %v %q", err, p.said)
	}
	p.kill()
	third, err := Open(Config{Node: "third-" + strconv.Itoa(os.Getpid())})
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if still, err := filepath.Glob(left + "*"); err != nil || len(still) > 0 {
		t.Errorf("%q are left: %v", still, err)
	}
	if _, err := os.Stat(keep.dirs[0]); err != nil {
		t.Errorf("a group in use was removed: %v", err)
	}
}

// Two nodes with one name do not share groups: the second one gets an error.
func TestNameInUse(t *testing.T) {
	tr := tree(t)
	if _, err := Open(Config{Node: strings.TrimPrefix(filepath.Base(tr.levels[0].dir), prefix)}); err == nil || !strings.Contains(err.Error(), "querynode.id") {
		t.Errorf("got %v", err)
	}
}

// A group that another process has removed is an error, and nothing is started.
func TestRemovedByOthers(t *testing.T) {
	tr := tree(t)
	g := newGroup(t, tr, "alice", Limits{})
	defer g.Remove()
	for i, dir := range g.dirs {
		if err := errors.Join(os.Remove(dir), removeIfThere(tr.levels[i].accountDir("alice"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := inGroup(g)(exec.Command("/nowhere")); !errors.Is(err, ErrGroup) {
		t.Errorf("got %v", err)
	}
}

func removeIfThere(dir string) error {
	if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func TestDemote(t *testing.T) {
	tr := tree(t)
	g := newGroup(t, tr, "alice", Limits{})
	for _, want := range []string{"1", "0"} {
		if err := tr.Demote("alice", want == "1"); err != nil {
			t.Fatal(err)
		}
		for i, l := range tr.levels {
			if strings.Join(l.controllers, "") != "cpu" {
				continue
			}
			if got, err := os.ReadFile(filepath.Join(l.accountDir("alice"), "cpu.idle")); err != nil || strings.TrimSpace(string(got)) != want {
				t.Errorf("level %d: %q, %v", i, got, err)
			}
		}
	}
	g.Remove()
	if err := tr.Demote("alice", true); err != nil {
		t.Errorf("an account without daemons: %v", err)
	}
}

// A start in a group is fast enough for the first query on a database.
func BenchmarkStart(b *testing.B) {
	tr, err := Open(Config{Node: "bench-" + strconv.Itoa(os.Getpid())})
	if err != nil {
		b.Fatal(err)
	}
	defer tr.Close()
	var spent time.Duration
	for b.Loop() {
		begin := time.Now()
		g, err := tr.New("alice", Limits{Memory: 256 << 20, Threads: 64})
		if err != nil {
			b.Fatal(err)
		}
		cmd := exec.Command("/bin/true")
		if err := inGroup(g)(cmd); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(begin)
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
		g.Remove()
	}
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "µs-to-start/op")
}
