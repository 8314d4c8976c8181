package dbfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// A hostile daemon cannot lead the node to other files.
func TestSize(t *testing.T) {
	d, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }() // it frees a lock only
	p := ayb.DatabasePath{Entity: "alice", Database: "a"}
	if _, err := d.Size(p); !errs.Is(err, errs.Engine) {
		t.Errorf("a database that is not here: %v", err)
	}
	if err := d.Create(p); err != nil {
		t.Fatal(err)
	}
	v, err := d.Resolve(p)
	if err != nil {
		t.Fatal(err)
	}
	want := func(s Size) {
		t.Helper()
		if got, err := d.Size(p); err != nil || got != s {
			t.Errorf("got %+v, %v, want %+v", got, err, s)
		}
	}
	want(Size{})
	other := filepath.Join(t.TempDir(), "other")
	for path, size := range map[string]int{v.File: 5000, v.File + "-wal": 300, other: 70_000} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want(Size{Database: 5000, WAL: 300})
	if err := os.Remove(v.File + "-wal"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, v.File+"-wal"); err != nil {
		t.Fatal(err)
	}
	want(Size{Database: 5000})
}
