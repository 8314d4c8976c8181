//go:build unix

package dbfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What a hostile daemon left so that it cannot be removed keeps nobody from
// being served.
func TestTrashThatStaysDoesNotStopTheNode(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// Removing holds a descriptor for each level.
	deep := filepath.Join(root, "trash", strings.Repeat("d/", 1500))
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	few := old
	few.Cur = 200
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	d, err := Open(root)
	if rerr := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); rerr != nil {
		t.Fatal(rerr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // it frees a lock only
	if _, err := os.Stat(filepath.Join(root, "trash")); err != nil {
		t.Errorf("the test's trash could be removed, so it tests nothing: %v", err)
	}
	if err := d.Create(path("a")); err != nil {
		t.Error(err)
	}
}
