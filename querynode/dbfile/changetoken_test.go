package dbfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// long is when a file of these tests was written: not just now.
var long = time.Now().Add(-time.Hour)

func put(t *testing.T, file string, text []byte, at time.Time) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

// index is the beginning of the index of SQLite's log; see engine/kind.
func index(commit byte, frames, copied uint32) []byte {
	const indexHeader, indexFrames, indexBackfill = 48, 16, 96
	b := make([]byte, 136)
	b[8] = commit
	binary.NativeEndian.PutUint32(b[indexFrames:], frames)
	copy(b[indexHeader:], b[:indexHeader])
	binary.NativeEndian.PutUint32(b[indexBackfill:], copied)
	return b
}

// A change token follows the content: it changes with every commit, even if
// files keep their size and time, and it stays when the log is only emptied.
func TestChangeToken(t *testing.T) {
	d := open(t, t.TempDir())
	p := path("a")
	if err := d.Create(p); err != nil {
		t.Fatal(err)
	}
	v, err := d.Resolve(p)
	if err != nil {
		t.Fatal(err)
	}
	token := func() string {
		t.Helper()
		m, err := d.ChangeToken(p)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if token() != "" {
		t.Errorf("before anything was written: %q", token())
	}
	put(t, v.File, make([]byte, 4096), long)
	seen := []string{token()}
	changed := func(what string) {
		t.Helper()
		m := token()
		if slices.Contains(seen, m) {
			t.Errorf("%s: the token is an old one", what)
		}
		if m != token() {
			t.Errorf("%s: the token changes by itself", what)
		}
		seen = append(seen, m)
	}
	log, shm := v.File+"-wal", v.File+"-shm"
	put(t, log, nil, long)
	put(t, shm, index(0, 0, 0), long)
	if token() != seen[0] {
		t.Error("opening the database changed the token")
	}
	put(t, log, make([]byte, 8192), long.Add(time.Second))
	put(t, shm, index(1, 1, 0), long)
	changed("a commit")
	put(t, shm, index(2, 2, 0), long)
	changed("a commit that changes no size and no time")
	put(t, v.File, make([]byte, 8192), long.Add(2*time.Second))
	put(t, shm, index(2, 2, 2), long)
	changed("the log was copied")
	for _, f := range []string{log, shm} {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	if token() != seen[len(seen)-1] {
		t.Error("removing a log of which nothing was missing changed the token")
	}
	// After a power cut: the index is older than the log it is about.
	put(t, log, make([]byte, 8192), long.Add(3*time.Second))
	put(t, shm, index(2, 2, 2), long)
	changed("a log that is younger than the file")
	if err := os.Remove(shm); err != nil {
		t.Fatal(err)
	}
	changed("a log without index")
	put(t, v.File, make([]byte, 8192), time.Now())
	if first := token(); first == token() {
		t.Error("what was written just now, and may be again at the same time, keeps its token")
	}
}

// The files of a hostile daemon do no harm, and do not lead the node to other
// files.
func TestChangeTokenOfHostileFiles(t *testing.T) {
	d := open(t, t.TempDir())
	for i, make := range []func(v Version) error{
		func(v Version) error { return os.Symlink("/etc/passwd", v.File) },
		func(v Version) error { return fifo(v.File) },
		func(v Version) error { return os.Mkdir(v.File, 0o700) },
		func(v Version) error {
			put(t, v.File, []byte("x"), long)
			put(t, v.File+"-wal", []byte("x"), long)
			return fifo(v.File + "-shm")
		},
		func(v Version) error {
			put(t, v.File, []byte("x"), long)
			put(t, v.File+"-wal", []byte("x"), long)
			return os.Symlink("/etc/passwd", v.File+"-shm")
		},
	} {
		p := path(fmt.Sprint("db", i))
		if err := d.Create(p); err != nil {
			t.Fatal(err)
		}
		v, err := d.Resolve(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := make(v); err != nil {
			t.Fatal(err)
		}
	}
	made(t, d, path("zz"), "x")
	tokens, more, err := d.ChangeTokens("", 100)
	if err != nil || more || len(tokens) != 6 {
		t.Fatalf("%v, %v, %v", tokens, more, err)
	}
	for _, m := range tokens {
		if m.Token == "" {
			t.Errorf("%s has no token", m.Path)
		}
	}
}

func TestChangeTokensOfMissingDatabases(t *testing.T) {
	d := open(t, t.TempDir())
	if _, err := d.ChangeToken(path("a")); !errs.Is(err, errs.Engine) {
		t.Errorf("got %v", err)
	}
	staged(t, d, path("a"), "x")
	if tokens, more, err := d.ChangeTokens("", 10); err != nil || more || len(tokens) != 0 {
		t.Errorf("staged only: %v, %v, %v", tokens, more, err)
	}
}

// Ten thousand databases are listed in a second, page by page, each once. Other
// processes of this machine are not counted.
func TestChangeTokensOfManyDatabases(t *testing.T) {
	root := t.TempDir()
	d := open(t, root)
	const owners, each = 100, 100
	file := filepath.Join(root, "file")
	put(t, file, []byte("x"), long)
	for o := range owners {
		owner := filepath.Join(root, "databases", fmt.Sprintf("owner-%d", o))
		if err := os.Mkdir(owner, 0o700); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			home := filepath.Join(owner, fmt.Sprintf("db%d.sqlite", i))
			dir := filepath.Join(home, "01890a5d-ac96-774b-bcce-b302099a8057")
			err := errors.Join(os.Mkdir(home, 0o700), os.Mkdir(dir, 0o700), os.Symlink(dir, filepath.Join(home, "current")),
				os.Link(file, filepath.Join(dir, filepath.Base(home))))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := cpuTime(t)
	seen := map[string]bool{}
	after, pages := "", 0
	for more := true; more; pages++ {
		var tokens []ChangeToken
		var err error
		if tokens, more, err = d.ChangeTokens(after, 1000); err != nil {
			t.Fatal(err)
		}
		for _, m := range tokens {
			after = m.Path.String()
			if seen[after] || len(m.Token) != 32 {
				t.Fatalf("%s has the token %q, seen before: %v", after, m.Token, seen[after])
			}
			seen[after] = true
		}
	}
	took := cpuTime(t) - begin
	t.Logf("%d databases, %d pages: %s", len(seen), pages, took)
	if len(seen) != owners*each || pages != 10 {
		t.Errorf("%d databases on %d pages", len(seen), pages)
	}
}
