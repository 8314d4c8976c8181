package dbfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// write writes a file of a version as its daemon does.
func write(t *testing.T, v Version, text string) {
	t.Helper()
	for path, text := range map[string]string{v.File: text, v.File + "-wal": "log of " + text} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// made creates a database that holds a text.
func made(t *testing.T, d *Dir, p ayb.DatabasePath, text string) {
	t.Helper()
	if err := d.Create(p); err != nil {
		t.Fatal(err)
	}
	v, err := d.Resolve(p)
	if err != nil {
		t.Fatal(err)
	}
	write(t, v, text)
}

// staged stages a version that holds a text.
func staged(t *testing.T, d *Dir, p ayb.DatabasePath, text string) string {
	t.Helper()
	name, err := d.Stage(p)
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.Staged(p, name)
	if err != nil || !v.Staged {
		t.Fatalf("%+v, %v", v, err)
	}
	write(t, v, text)
	return name
}

// holds is the text in a database; empty without a file.
func holds(t *testing.T, d *Dir, p ayb.DatabasePath) string {
	t.Helper()
	v, err := d.Live(p)
	if errs.Is(err, errs.Engine) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(v.File)
	if err != nil {
		t.Fatal(err)
	}
	if log, err := os.ReadFile(v.File + "-wal"); err != nil || string(log) != "log of "+string(b) {
		t.Errorf("%s holds %q with the log %q, %v", p, b, log, err)
	}
	return string(b)
}

func TestPublish(t *testing.T) {
	d := open(t, t.TempDir())
	p := path("a")
	made(t, d, p, "old")
	next := staged(t, d, p, "new")
	if got := holds(t, d, p); got != "old" {
		t.Errorf("before it is published: %q", got)
	}
	for range 2 { // it may be repeated
		if err := d.Publish(p, next); err != nil {
			t.Fatal(err)
		}
	}
	if got := holds(t, d, p); got != "new" {
		t.Errorf("after: %q", got)
	}
	if names := versions(d.home(p)); len(names) != 1 || names[0] != next {
		t.Errorf("versions %v are left", names)
	}
	for what, err := range map[string]error{
		"resolve as staged": func() error { _, err := d.Staged(p, next); return err }(),
		"unstage":           d.Unstage(p, next),
	} {
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("%s the live version: %v", what, err)
		}
	}
	if got := holds(t, d, p); got != "new" {
		t.Errorf("in the end: %q", got)
	}
}

func TestCreateFrom(t *testing.T) {
	d := open(t, t.TempDir())
	p := path("a")
	first, second := staged(t, d, p, "first"), staged(t, d, p, "second")
	if d.Databases() != 0 {
		t.Errorf("%d databases before there is one", d.Databases())
	}
	if err := d.Publish(p, first); !errs.Is(err, errs.NotFound) {
		t.Errorf("published without a database: %v", err)
	}
	for range 2 {
		if err := d.CreateFrom(p, first); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.CreateFrom(p, second); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second one: %v", err)
	}
	if got := holds(t, d, p); got != "first" || d.Databases() != 1 {
		t.Errorf("%q, %d databases", got, d.Databases())
	}
}

// N11: a failed change leaves no directories.
func TestUnstageLeavesNothingN11(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	name := staged(t, d, path("a"), "x")
	for range 2 {
		if err := d.Unstage(path("a"), name); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(root, "databases")); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if err := d.CreateFrom(path("a"), name); !errs.Is(err, errs.NotFound) {
		t.Errorf("created from what is gone: %v", err)
	}
}

// The name of a version cannot lead out of its database.
func TestHostileVersions(t *testing.T) {
	d := open(t, t.TempDir())
	made(t, d, path("a"), "old")
	made(t, d, path("b"), "other")
	v, err := d.Live(path("b"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../b/" + filepath.Base(v.Dir), "current", "{01890a5d-ac96-774b-bcce-b302099a8057}", strings.Repeat("x", 1000), filepath.Base(v.Dir)} {
		_, err := d.Staged(path("a"), name)
		for what, err := range map[string]error{"staged": err, "publish": d.Publish(path("a"), name), "create": d.CreateFrom(path("a"), name)} {
			if !errs.Is(err, errs.NotFound) || len(err.Error()) > 200 {
				t.Errorf("%s %q: %v", what, name, err)
			}
		}
		if err := d.Unstage(path("a"), name); err != nil {
			t.Errorf("unstage %q: %v", name, err)
		}
	}
	if holds(t, d, path("a")) != "old" || holds(t, d, path("b")) != "other" {
		t.Error("a database was touched")
	}
}

// A daemon can put anything in the place of its database file. Only a regular
// file is published, and no file outside the version is opened.
func TestPublishRefusesWhatIsNoFile(t *testing.T) {
	d := open(t, t.TempDir())
	p := path("a")
	made(t, d, p, "old")
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, make := range map[string]func(file string) error{
		"nothing":   func(string) error { return nil },
		"link":      func(f string) error { return os.Symlink(outside, f) },
		"directory": func(f string) error { return os.Mkdir(f, 0o700) },
		"pipe":      fifo,
	} {
		name, err := d.Stage(p)
		if err != nil {
			t.Fatal(err)
		}
		v, err := d.Staged(p, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := make(v.File); err != nil {
			t.Fatal(err)
		}
		if err := d.Publish(p, name); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := d.Live(p); err != nil || holds(t, d, p) != "old" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A copy is opened inside the version only, and has no name afterwards.
func TestTakeOverTemp(t *testing.T) {
	d := open(t, t.TempDir())
	made(t, d, path("a"), "x")
	v, err := d.Resolve(path("a"))
	if err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(file string) error{
		"link": func(f string) error { return os.Symlink(outside, f) },
		"pipe": fifo,
		"none": func(string) error { return nil },
	} {
		if err := make(filepath.Join(v.Temp, name)); err != nil {
			t.Fatal(err)
		}
		if f, err := v.TakeOverTemp(name); err == nil {
			t.Errorf("%s was taken: %v", name, f.Close())
		}
	}
	if err := os.WriteFile(filepath.Join(v.Temp, "copy"), []byte("copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := v.TakeOverTemp("copy")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left, err := os.ReadDir(v.Temp); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	// A link may have replaced the directory.
	if err := os.Remove(v.Temp); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), v.Temp); err != nil {
		t.Fatal(err)
	}
	if f, err := v.TakeOverTemp("outside"); err == nil {
		t.Errorf("a file outside was taken: %v", f.Close())
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("a file outside was removed: %v", err)
	}
}

func TestCheckStaged(t *testing.T) {
	d := open(t, t.TempDir())
	p := path("a")
	made(t, d, p, "live")
	version := staged(t, d, p, "x")
	if err := d.CheckStaged(p, version); err != nil {
		t.Error(err)
	}
	if err := d.Publish(p, version); err != nil {
		t.Fatal(err)
	}
	if err := d.CheckStaged(p, version); !errs.Is(err, errs.Conflict) {
		t.Errorf("a live one: %v", err)
	}
	for _, wrong := range []string{"", "..", "0190f0a0-0000-7000-8000-000000000000"} {
		if err := d.CheckStaged(p, wrong); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
