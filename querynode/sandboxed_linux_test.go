package querynode_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// opened are the files below a directory that a process has open.
func opened(pid, dir string) (files []string) {
	links, _ := filepath.Glob(filepath.Join("/proc", pid, "fd/*")) // the pattern is fine
	for _, l := range links {
		if file, err := os.Readlink(l); err == nil && strings.HasPrefix(file, dir+"/") {
			files = append(files, file)
		}
	}
	return files
}

// S10: only the daemon in its sandbox opens a tenant's file as a database. The
// server has none of its files open while a snapshot is copied, and opens the
// finished copy without its name.
func TestCopiesAreMadeInTheSandboxS10(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30000) INSERT INTO t SELECT randomblob(1000) FROM c")
	daemon, databases := fmt.Sprint(n.daemonOf("a")), filepath.Join(n.data, "databases")
	prepared := make(chan error, 1)
	go func() {
		p, err := n.client.PrepareSnapshot(t.Context(), n.id, nodeapi.PrepareRequest{Path: path("a")})
		if err == nil {
			_, err = n.client.ReleaseSnapshot(t.Context(), n.id, nodeapi.ReleaseRequest{Handle: p.Handle})
		}
		prepared <- err
	}()
	seen := 0
	for {
		select {
		case err := <-prepared:
			if err != nil || seen == 0 {
				t.Errorf("%v; the daemon was seen %d times at its copy", err, seen)
			}
			return
		default:
		}
		copying := false
		for _, file := range opened(daemon, databases) {
			copying = copying || strings.Contains(file, "/~tmp/copy-")
		}
		if !copying {
			continue
		}
		for _, file := range opened("self", databases) {
			info, err := os.Stat(file) // a directory is looked at for its size, and is no database
			if !strings.HasSuffix(file, "(deleted)") && (err != nil || !info.IsDir()) {
				t.Fatalf("the server has %s open", file)
			}
		}
		seen++
	}
}

// killDaemon ends the daemon of a database, and waits for that.
func (n *node) killDaemon(name string) {
	n.t.Helper()
	pid := n.daemonOf(name)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		n.t.Fatal(err)
	}
	bustest.Until(n.t, "the daemon to end", func() bool { return !slices.Contains(daemons(n.t), pid) })
}

// S10: a hostile daemon can put anything in the place of its database. A link
// to another account's database is not followed into a snapshot.
func TestSnapshotsOfHostileFilesS10(t *testing.T) {
	n := start(t, nil)
	for _, name := range []string{"victim", "link", "pipe", "directory"} {
		n.create(name)
		n.exec(name, "CREATE TABLE t(x); INSERT INTO t VALUES ('of "+name+"')")
	}
	file := func(name string) string {
		files, err := filepath.Glob(filepath.Join(n.data, "databases/alice", name, "*-*-*-*", name))
		if err != nil || len(files) != 1 {
			t.Fatalf("files %v, %v", files, err)
		}
		return files[0]
	}
	victim := file("victim")
	for name, replace := range map[string]func(at string) error{
		"link":      func(at string) error { return os.Symlink(victim, at) },
		"pipe":      func(at string) error { return syscall.Mkfifo(at, 0o600) },
		"directory": func(at string) error { return os.Mkdir(at, 0o700) },
	} {
		at := file(name)
		n.killDaemon(name)
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(at + end); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		if err := replace(at); err != nil {
			t.Fatal(err)
		}
		p, err := n.client.PrepareSnapshot(t.Context(), n.id, nodeapi.PrepareRequest{Path: path(name)})
		if err == nil || strings.Contains(errs.Public(err).Message, n.data) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		t.Logf("%s: %v", name, err)
	}
	if got, err := n.query(t.Context(), "victim", ayb.QueryReadOnly, "SELECT x FROM t"); err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
