//go:build unix

package dbfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ayb-go/ayb/shared/ayb"
)

// dig makes nested directories, deeper than the longest path, with a file in
// each. It removes permissions from some.
func dig(t *testing.T, dir string, deep int) {
	t.Helper()
	at, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_RDONLY, 0)
	for i := 0; err == nil && i < deep; i++ {
		var f, next int
		if f, err = unix.Openat(at, fmt.Sprint("f", i%3), unix.O_CREAT|unix.O_WRONLY, 0o400); err != nil {
			break
		}
		err = errors.Join(unix.Close(f), unix.Mkdirat(at, "d", 0o700))
		if err == nil {
			next, err = unix.Openat(at, "d", unix.O_DIRECTORY|unix.O_RDONLY, 0)
		}
		if i%7 == 0 {
			err = errors.Join(err, unix.Fchmod(at, 0))
		}
		_ = unix.Close(at)
		at = next
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(at)
}

// few leaves this process a few descriptors until the test ends.
func few(t *testing.T) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 60
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	})
}

// A hostile daemon can nest directories in its version and in its temp
// directory. Opening the database, clearing the version, deleting the database
// and starting the node remove them with few descriptors and short paths.
func TestDeepDirectoriesAreRemoved(t *testing.T) {
	const deep = 2500 // longer than a path can be
	a := path("a")
	for name, remove := range map[string]func(t *testing.T, d *Dir, v Version) (*Dir, string){
		"temporary files": func(t *testing.T, d *Dir, v Version) (*Dir, string) {
			dig(t, v.Temp, deep)
			few(t)
			if _, err := d.Resolve(a); err != nil {
				t.Error(err)
			}
			return d, filepath.Join(v.Temp, "d")
		},
		"a version": func(t *testing.T, d *Dir, v Version) (*Dir, string) {
			dig(t, v.Dir, deep)
			few(t)
			if err := v.Clear(); err != nil {
				t.Error(err)
			}
			return d, filepath.Join(v.Dir, "d")
		},
		"a database": func(t *testing.T, d *Dir, v Version) (*Dir, string) {
			dig(t, v.Dir, deep)
			few(t)
			if err := d.Remove(a); err != nil {
				t.Error(err)
			}
			return d, v.Dir
		},
		"a start": func(t *testing.T, d *Dir, v Version) (*Dir, string) {
			dig(t, v.Temp, deep)
			dig(t, d.trash(), deep)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			few(t)
			again, err := Open(d.root)
			if err != nil {
				t.Fatal(err)
			}
			return again, v.Temp
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			d := open(t, root)
			if err := errors.Join(d.Create(a), os.MkdirAll(filepath.Join(root, "trash"), 0o700)); err != nil {
				t.Fatal(err)
			}
			v, err := d.Resolve(a)
			if err != nil {
				t.Fatal(err)
			}
			d, gone := remove(t, d, v)
			t.Cleanup(func() { _ = d.Close() }) // it frees a lock only
			if _, err := os.Lstat(gone); err == nil {
				t.Errorf("%s is still there", gone)
			}
			if left, err := os.ReadDir(filepath.Join(root, "trash")); err != nil && !os.IsNotExist(err) || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
			if err := d.Create(ayb.DatabasePath{Entity: "other", Database: "b"}); err != nil {
				t.Error(err)
			}
		})
	}
}

// A file that cannot be removed is an error, causes no endless loop, and does
// not stop the node.
func TestWhatStaysDoesNotStopTheNode(t *testing.T) {
	root := t.TempDir()
	trash := filepath.Join(root, "trash")
	if err := os.MkdirAll(filepath.Join(trash, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	stays := errors.New("it stays")
	calls := 0
	if err := each(trash, func(os.DirEntry) error { calls++; return stays }); !errors.Is(err, stays) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	// A mount point cannot be removed. Without the right to mount, a directory
	// whose parent belongs to another user is used.
	if err := unix.Mount("none", filepath.Join(trash, "a"), "tmpfs", 0, ""); err != nil {
		t.Logf("nothing can be mounted here: %v", err)
	} else {
		t.Cleanup(func() {
			if err := unix.Unmount(filepath.Join(trash, "a"), unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
	d := open(t, root)
	if err := d.Create(path("a")); err != nil {
		t.Error(err)
	}
}
