package querynode_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode"
	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/errs"
)

// daemonOf is the process that serves a database.
func (n *node) daemonOf(name string) int {
	n.t.Helper()
	for _, pid := range daemons(n.t) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.Contains(string(b), n.data) && strings.Contains(string(b), "/"+name+"/") {
			return pid
		}
	}
	n.t.Fatalf("no daemon serves %s", name)
	return 0
}

// groupOf is the directory of a process's control group with a controller.
func groupOf(t *testing.T, pid int, controller string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		for _, dir := range []string{filepath.Join("/sys/fs/cgroup", parts[1], parts[2]), filepath.Join("/sys/fs/cgroup/unified", parts[2])} {
			ours := strings.Contains(parts[2], "/ayb-node-") && (parts[1] == "" || strings.Contains(parts[1], controller))
			if _, err := os.Stat(dir); ours && err == nil {
				return dir
			}
		}
	}
	t.Fatalf("the daemon has no control group for %s: %s", controller, b)
	return ""
}

func read(t *testing.T, dir, file string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	v, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Pitfalls S12, Q1: when a group ends a daemon for its memory, clients get that
// reason, other databases continue, and the next statement works.
func TestDaemonOutOfMemoryS12(t *testing.T) {
	n := start(t, nil)
	if !strings.HasPrefix(n.report.Groups, "control groups (") {
		t.Fatalf("this host should have control groups: %q", n.report.Groups)
	}
	n.create("hungry")
	n.create("quiet")
	n.exec("hungry", "CREATE TABLE t(x)")
	n.exec("quiet", "CREATE TABLE t(x)")
	group, neighbour := groupOf(t, n.daemonOf("hungry"), "memory"), n.daemonOf("quiet")
	limit, usage := "memory.max", "memory.current"
	if _, err := os.Stat(filepath.Join(group, limit)); errors.Is(err, fs.ErrNotExist) {
		limit, usage = "memory.limit_in_bytes", "memory.usage_in_bytes"
	}
	// The limit of the group is above the daemon's own limit.
	bound := strconv.Itoa(read(t, group, usage) + 8<<20)
	if err := os.WriteFile(filepath.Join(group, limit), []byte(bound), 0); err != nil {
		t.Fatal(err)
	}
	const hungry = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 25000) SELECT length(group_concat(hex(randomblob(1000)))) FROM c"
	_, err := n.query(t.Context(), "hungry", ayb.QueryReadWrite, hungry)
	if !errs.Is(err, errs.Engine) || !strings.Contains(err.Error(), "it ran out of memory") {
		t.Errorf("got %v", err)
	}
	n.exec("quiet", "INSERT INTO t VALUES (1)")
	if pid := n.daemonOf("quiet"); pid != neighbour {
		t.Errorf("the neighbour's daemon is another: %d, not %d", pid, neighbour)
	}
	if got := n.cell("hungry", hungry); got != "50024999" {
		t.Errorf("with the usual bound: %s", got)
	}
}

// An account with a long statement is demoted until the statement ends.
func TestAccountIsDemoted(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	account := groupOf(t, n.daemonOf("a"), "cpu")
	for !strings.HasSuffix(account, ":alice") {
		account = filepath.Dir(account)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := n.query(ctx, "a", ayb.QueryReadOnly, endless)
		done <- err
	}()
	bustest.Until(t, "the account to be demoted", func() bool { return read(t, account, "cpu.idle") == 1 })
	cancel()
	if err := <-done; err == nil {
		t.Error("an endless statement ended")
	}
	bustest.Until(t, "the account to be as others", func() bool { return read(t, account, "cpu.idle") == 0 })
}

// Daemons have a lower priority than the server, whose threads have short time
// slices.
func TestDaemonsHaveLowerPriority(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	nice := func(pid int) int {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		v, err := strconv.Atoi(strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))[16])
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if server, daemon := nice(os.Getpid()), nice(n.daemonOf("a")); daemon != min(server+5, 19) {
		t.Errorf("the server has %d, the daemon %d", server, daemon)
	}
}

// A node that has ended leaves no groups.
func TestNoGroupsAreLeft(t *testing.T) {
	var id string
	t.Run("node", func(t *testing.T) {
		n := start(t, nil)
		n.create("a")
		n.exec("a", "CREATE TABLE t(x)")
		id = string(n.id)
		if dir := groupOf(t, n.daemonOf("a"), "memory"); !strings.Contains(dir, "/ayb-node-"+id+":alice/") {
			t.Errorf("the daemon is in %s", dir)
		}
	})
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), "ayb-node-"+id) {
			t.Errorf("%s is left", path)
		}
		return nil // other groups come and go meanwhile
	})
	if err != nil {
		t.Error(err)
	}
}

// A configured group must be usable; the error names it.
func TestConfiguredGroupMissing(t *testing.T) {
	conn := bustest.Role(t, bustest.Start(t), natsbus.QueryNode)
	_, err := querynode.New(t.Context(), querynode.Config{DataPath: t.TempDir(), Cgroup: "/ayb-test-missing"}, querynode.Deps{
		Bus: conn, Registry: conn.NodeRegistry(), Log: bustest.Log(t), Isolation: func(sandbox.Report) {},
	})
	if err == nil || !strings.Contains(err.Error(), "isolation.cgroup names /ayb-test-missing, which cannot be used") {
		t.Errorf("got %v", err)
	}
}
