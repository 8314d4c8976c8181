package dbfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func open(t *testing.T, root string) *Dir {
	t.Helper()
	d, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // some tests close it earlier
	return d
}

func path(db string) ayb.DatabasePath {
	return ayb.DatabasePath{Entity: "alice", Database: ayb.DatabaseSlug(db)}
}

// The layout is a contract: an older data directory can be used.
func TestLayout(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	if err := d.Create(path("Shop.sqlite")); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(root, "databases", "alice", "Shop.sqlite")
	target, err := os.Readlink(filepath.Join(home, "current"))
	if err != nil || !filepath.IsAbs(target) {
		t.Errorf("current is %q, %v; want an absolute link", target, err)
	}
	v, err := d.Resolve(path("Shop.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	if v.Dir != target || v.File != filepath.Join(target, "Shop.sqlite") || filepath.Dir(v.Temp) != v.Dir {
		t.Errorf("version %+v", v)
	}
	if _, err := os.Lstat(v.File); !os.IsNotExist(err) {
		t.Errorf("the file exists before anything was written: %v", err)
	}
	if _, err := ayb.ParseDatabaseSlug(filepath.Base(v.Temp)); err == nil {
		t.Errorf("the temp directory %s could be a database's name", v.Temp)
	}
}

func TestCreateTwiceKeepsTheDatabase(t *testing.T) {
	d := open(t, t.TempDir())
	for range 2 {
		if err := d.Create(path("a")); err != nil {
			t.Fatal(err)
		}
		v, err := d.Resolve(path("a"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(v.File, []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v, err := d.Resolve(path("a"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(v.File); err != nil || string(b) != "data" {
		t.Errorf("file holds %q, %v", b, err)
	}
}

// Of several simultaneous calls one makes the version, and the others keep it:
// its content must not be replaced by an empty version.
func TestCreatesAtOnceMakeOneVersion(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	for i := range 20 {
		p := path(fmt.Sprint("db", i))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := d.Create(p); err != nil {
					t.Error(err)
					return
				}
				if _, err := d.versionDir(p); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if entries, err := os.ReadDir(d.home(p)); err != nil || len(entries) != 2 {
			t.Errorf("%v, %v; want the link and one version", entries, err)
		}
	}
}

// A version that cannot be read is not replaced by an empty one. A version
// whose removal a crash interrupted is.
func TestCreateOnADamagedDatabase(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	for name, target := range map[string]string{"damaged": "not-a-version", "gone": "01890a5d-ac96-774b-bcce-b302099a8057"} {
		home := filepath.Join(root, "databases", "alice", name)
		if err := os.MkdirAll(home, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(home, "current")); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Create(path("damaged")); err == nil {
		t.Error("a damaged database was replaced")
	}
	if err := d.Create(path("gone")); err != nil {
		t.Error(err)
	}
	if _, err := d.Resolve(path("gone")); err != nil {
		t.Error(err)
	}
}

// A data directory can be moved, although links are absolute.
func TestMovedDirectory(t *testing.T) {
	base := t.TempDir()
	d := open(t, filepath.Join(base, "old"))
	if err := d.Create(path("a")); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(base, "old"), filepath.Join(base, "new")); err != nil {
		t.Fatal(err)
	}
	v, err := open(t, filepath.Join(base, "new")).Resolve(path("a"))
	if err != nil || !strings.HasPrefix(v.Dir, filepath.Join(base, "new")) {
		t.Errorf("version %+v, %v", v, err)
	}
}

// N10: an unfinished link of a crash does not prevent the next change.
func TestLeftoverLinkN10(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	home := filepath.Join(root, "databases", "alice", "a")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nowhere", filepath.Join(home, "current.tmp")); err != nil {
		t.Fatal(err)
	}
	if err := d.Create(path("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Resolve(path("a")); err != nil {
		t.Fatal(err)
	}
}

func TestResolveRefusesWhatIsNoVersion(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	for name, target := range map[string]string{"etc": "/etc", "up": "../../..", "file": "01890a5d-ac96-774b-bcce-b302099a8057"} {
		home := filepath.Join(root, "databases", "alice", name)
		if err := os.MkdirAll(home, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(home, "current")); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(root, "databases", "alice", "file", "01890a5d-ac96-774b-bcce-b302099a8057")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"etc", "up", "file", "missing"} {
		_, err := d.Resolve(path(name))
		if errs.CodeOf(err) != errs.Engine {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(errs.Public(err).Message, root) {
			t.Errorf("%s: the message tells the path: %v", name, err)
		}
	}
}

func TestHostilePaths(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	for _, p := range []ayb.DatabasePath{
		{Entity: "..", Database: "a"}, {Entity: "alice", Database: ".."}, {Entity: "alice", Database: "a/b"},
		{Entity: "alice", Database: ""}, {Entity: "Alice", Database: "a"}, {Entity: "alice", Database: "a\x00"},
		{Entity: "alice", Database: ayb.DatabaseSlug(strings.Repeat("a", 129))},
	} {
		for what, err := range map[string]error{"create": d.Create(p), "discard": d.Discard(p), "remove": d.Remove(p)} {
			if errs.CodeOf(err) != errs.InvalidSlug {
				t.Errorf("%s %q: %v", what, p, err)
			}
		}
	}
	longest := ayb.DatabasePath{Entity: ayb.EntitySlug(strings.Repeat("e", 128)), Database: ayb.DatabaseSlug(strings.Repeat("D", 128))}
	if err := d.Create(longest); err != nil {
		t.Errorf("names at the limit: %v", err)
	}
}

func TestDiscardKeepsWhatWasWritten(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	for _, name := range []string{"empty", "written"} {
		if err := d.Create(path(name)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := d.Resolve(path("written"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.File, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Discard(path("written")); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("a written database: %v", err)
	}
	for _, name := range []string{"empty", "missing"} {
		if err := d.Discard(path(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "databases", "alice", "empty")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the discarded one is there: %v", err)
	}
	if n, err := d.recover(); err != nil || n != 1 || d.Databases() != 1 {
		t.Errorf("%d databases, %v; held %d", n, err, d.Databases())
	}
}

func TestRemoveIsFinishedAfterACrash(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	if err := d.Create(path("a")); err != nil {
		t.Fatal(err)
	}
	// As if the process had been killed after the rename.
	if err := os.MkdirAll(filepath.Join(root, "trash"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(root, "databases", "alice", "a"), filepath.Join(root, "trash", "x")); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, root)
	if _, err := os.Stat(filepath.Join(root, "trash")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the trash is still there: %v", err)
	}
	if err := d.Create(path("b")); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(path("b")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "databases", "alice")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the owner's empty directory is left: %v", err)
	}
}

// N7: a foreign file among the directories does no harm.
func TestStrayFilesAreNotCountedN7(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	for _, name := range []string{"a", "b"} {
		if err := d.Create(path(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, stray := range []string{"databases/.DS_Store", "databases/alice/notes.txt"} {
		if err := os.WriteFile(filepath.Join(root, stray), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.recover(); err != nil || n != 2 {
		t.Errorf("%d databases, %v", n, err)
	}
	if tokens, more, err := d.ChangeTokens("", 10); err != nil || more || len(tokens) != 2 {
		t.Errorf("tokens %v, %v, %v", tokens, more, err)
	}
}
