package dbfile

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestRename(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	from, to, busy := path("a"), path("b"), path("c")
	made(t, d, from, "text")
	made(t, d, busy, "other")
	staged(t, d, from, "never published")
	if err := d.Rename(from, busy); !errs.Is(err, errs.Conflict) {
		t.Errorf("to one that is there: %v", err)
	}
	for range 2 { // it may be repeated
		if err := d.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if holds(t, d, from) != "" || holds(t, d, to) != "text" || holds(t, d, busy) != "other" || d.Databases() != 2 {
		t.Errorf("%q, %q, %q; %d databases", holds(t, d, from), holds(t, d, to), holds(t, d, busy), d.Databases())
	}
	if err := d.Rename(from, path("d")); !errs.Is(err, errs.NotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	v, err := d.Live(to)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(v.Dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("files %v, %v", entries, err)
	}
	if target, err := os.Readlink(filepath.Join(root, "databases", "alice", "b", "current")); err != nil || target != v.Dir {
		t.Errorf("current is %q, %v", target, err)
	}
}

// The new name may be that of a side file. A database without a file can be
// renamed too.
func TestRenameOddNames(t *testing.T) {
	d := open(t, t.TempDir())
	made(t, d, path("a"), "text")
	for _, to := range []string{"a-wal", "a-wal-wal", "a"} {
		from := path("a")
		for _, p := range []string{"a-wal", "a-wal-wal"} {
			if hasLink(d.home(path(p))) {
				from = path(p)
			}
		}
		if err := d.Rename(from, path(to)); err != nil || holds(t, d, path(to)) != "text" {
			t.Fatalf("%s to %s: %v", from, to, err)
		}
	}
	if err := d.Create(path("empty")); err != nil {
		t.Fatal(err)
	}
	if err := d.Rename(path("empty"), path("void")); err != nil {
		t.Fatal(err)
	}
	if m, err := d.ChangeToken(path("void")); m != "" || err != nil {
		t.Errorf("token %q, %v", m, err)
	}
}

func TestSoftDelete(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	p := path("a")
	made(t, d, p, "old")
	for range 2 { // each may be repeated
		if err := d.SoftDelete(p, "17"); err != nil {
			t.Fatal(err)
		}
	}
	if d.Databases() != 0 || holds(t, d, p) != "" {
		t.Errorf("%d databases", d.Databases())
	}
	made(t, d, p, "new")
	if err := d.Undelete(p, "17"); !errs.Is(err, errs.Conflict) {
		t.Errorf("onto one that is there: %v", err)
	}
	if err := d.SoftDelete(p, "17"); !errs.Is(err, errs.Conflict) || holds(t, d, p) != "new" {
		t.Errorf("under a key that is in use: %v", err)
	}
	if err := d.SoftDelete(p, "18"); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil { // a start keeps what is deleted
		t.Fatal(err)
	}
	d = open(t, root)
	for range 2 {
		if err := d.Undelete(p, "17"); err != nil {
			t.Fatal(err)
		}
	}
	if got := holds(t, d, p); got != "old" || d.Databases() != 1 {
		t.Errorf("%q came back; %d databases", got, d.Databases())
	}
	for range 2 {
		if err := d.Purge("18"); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Undelete(path("b"), "18"); !errs.Is(err, errs.NotFound) {
		t.Errorf("what is purged: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(root, "deleted")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	for _, key := range []string{"", ".", "..", "../databases", "A", "a/b", "a\x00"} {
		for what, err := range map[string]error{"softdelete": d.SoftDelete(p, key), "undelete": d.Undelete(p, key), "purge": d.Purge(key)} {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("%s under %q: %v", what, key, err)
			}
		}
	}
}

// killed ends a test's process.
type killed struct{}

// kill runs a change and stops it at its n-th step. Then it opens the directory
// again. It reports whether the change was complete.
func kill(t *testing.T, root string, d *Dir, n int, change func() error) (after *Dir, finished bool) {
	t.Helper()
	d.crash = func() {
		if n--; n < 0 {
			panic(killed{})
		}
	}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (killed{}) {
				panic(r)
			}
		}()
		if err := change(); err != nil {
			t.Error(err)
		}
		finished = true
	}()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, root), finished
}

// orphans are files in a data directory that belong to no database.
func orphans(t *testing.T, root string) (out []string) {
	t.Helper()
	for _, gone := range []string{"trash", "outgoing"} {
		if _, err := os.Lstat(filepath.Join(root, gone)); err == nil {
			out = append(out, gone)
		}
	}
	homes, err := filepath.Glob(filepath.Join(root, "databases", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, home := range homes {
		dir, err := liveDir(home)
		if err != nil {
			out = append(out, home)
			continue
		}
		entries, err := os.ReadDir(home)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != "current" && e.Name() != filepath.Base(dir) {
				out = append(out, filepath.Join(home, e.Name()))
			}
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if name := filepath.Base(home); f.Name() != name && f.Name() != name+"-wal" {
				out = append(out, filepath.Join(dir, f.Name()))
			}
		}
	}
	return out
}

// N10, N11: after a crash at any point of a change, the database is complete,
// in its state before or after the change, and there are no other files.
func TestKilledAtAnyStep(t *testing.T) {
	a, b := path("a"), path("b")
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, d *Dir) (change func() error)
		before  string // what the databases hold; see state
		after   string
	}{
		"create": {func(_ *testing.T, d *Dir) func() error {
			return func() error { return d.Create(b) }
		}, "old,", "old,"},
		"publish": {func(t *testing.T, d *Dir) func() error {
			v := staged(t, d, a, "new")
			return func() error { return d.Publish(a, v) }
		}, "old,", "new,"},
		"create from": {func(t *testing.T, d *Dir) func() error {
			v := staged(t, d, b, "new")
			return func() error { return d.CreateFrom(b, v) }
		}, "old,", "old,new"},
		"unstage": {func(t *testing.T, d *Dir) func() error {
			v := staged(t, d, b, "new")
			return func() error { return d.Unstage(b, v) }
		}, "old,", "old,"},
		"rename": {func(t *testing.T, d *Dir) func() error {
			staged(t, d, a, "new")
			return func() error { return d.Rename(a, b) }
		}, "old,", ",old"},
		"softdelete": {func(_ *testing.T, d *Dir) func() error {
			return func() error { return d.SoftDelete(a, "7") }
		}, "old,", ", 7"},
		"undelete": {func(t *testing.T, d *Dir) func() error {
			if err := d.SoftDelete(a, "7"); err != nil {
				t.Fatal(err)
			}
			return func() error { return d.Undelete(a, "7") }
		}, ", 7", "old,"},
		"purge": {func(t *testing.T, d *Dir) func() error {
			if err := d.SoftDelete(a, "7"); err != nil {
				t.Fatal(err)
			}
			return func() error { return d.Purge("7") }
		}, ", 7", ","},
		"remove": {func(t *testing.T, d *Dir) func() error {
			staged(t, d, a, "new")
			return func() error { return d.Remove(a) }
		}, "old,", ","},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				root := t.TempDir()
				d := open(t, root)
				made(t, d, a, "old")
				change := tt.prepare(t, d)
				d, finished := kill(t, root, d, n, change)
				got := state(t, root, d, a, b)
				if finished && got != tt.after || got != tt.before && got != tt.after {
					t.Errorf("killed at step %d, finished %v: %q, want %q or %q", n, finished, got, tt.before, tt.after)
				}
				if left := orphans(t, root); len(left) > 0 && name != "create" {
					t.Errorf("killed at step %d: %v are left", n, left)
				}
				if finished {
					return
				}
			}
		})
	}
}

// state is what the databases hold, and what is soft-deleted.
func state(t *testing.T, root string, d *Dir, a, b ayb.DatabasePath) string {
	t.Helper()
	out, held := "", 0
	for i, p := range []ayb.DatabasePath{a, b} {
		if i > 0 {
			out += ","
		}
		if v, err := d.Live(p); err == nil {
			held++
			if _, err := os.Stat(v.File); err == nil {
				out += holds(t, d, p)
			}
		}
	}
	if d.Databases() != held {
		t.Errorf("%d databases are counted, %d are there", d.Databases(), held)
	}
	kept, err := os.ReadDir(filepath.Join(root, "deleted"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, s := range kept {
		out += fmt.Sprint(" ", s.Name())
	}
	return out
}

// The node removes the leftovers of crashes when it starts. Foreign files stay
// (N7), and so do databases with a broken link.
func TestOpenRemovesLeftovers(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	made(t, d, path("a"), "old")
	v, err := d.Resolve(path("a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Outgoing(); err != nil {
		t.Fatal(err)
	}
	const id = "01890a5d-ac96-774b-bcce-b302099a8057"
	for _, dir := range []string{"a/" + id, "half/" + id, "broken/" + id} {
		if err := os.MkdirAll(filepath.Join(root, "databases/alice", dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"a/current.tmp": "/x", "broken/current": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(root, "databases/alice", name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"outgoing/x", "databases/.DS_Store", "databases/alice/notes.txt", "databases/alice/a/notes.txt"} {
		if err := os.WriteFile(filepath.Join(root, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(v.Temp, "copy"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, root)
	if holds(t, d, path("a")) != "old" || d.Databases() != 2 {
		t.Errorf("%d databases", d.Databases())
	}
	for name, want := range map[string]bool{
		"outgoing": false, "trash": false, "databases/alice/half": false, "databases/alice/a/" + id: false, "databases/alice/a/current.tmp": false,
		"databases/.DS_Store": true, "databases/alice/notes.txt": true, "databases/alice/a/notes.txt": true, "databases/alice/broken/" + id: true,
	} {
		if _, err := os.Lstat(filepath.Join(root, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(v.Temp, "copy")); err == nil {
		t.Error("a temporary copy is left")
	}
}
