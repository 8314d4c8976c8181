package enginetest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/errs"
)

// Copies of an unchanged database are equal, also after reads. After a change they
// differ.
func (s suite) copyIsTheState(t *testing.T) {
	db := s.open(t)
	db.Must(rw, "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x')")
	first := db.Copied()
	db.Must(ro, "SELECT * FROM t")
	if !bytes.Equal(first, db.Copied()) {
		t.Error("the copy of an unchanged database is another one")
	}
	for _, sql := range []string{"INSERT INTO t VALUES (2, 'y')", "UPDATE t SET b = 'z'", "CREATE INDEX i ON t(b)", "DROP INDEX i"} {
		db.Must(rw, sql)
		next := db.Copied()
		if bytes.Equal(first, next) || !bytes.Equal(next, db.Copied()) {
			t.Errorf("%s: the copy does not follow", sql)
		}
		first = next
	}
	if got := Files(t, db.TempDir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// A database that was never written has no copy.
func (s suite) copyOfNothing(t *testing.T) {
	db := s.open(t)
	if _, err := db.Copy(MaintenanceJob(), filepath.Join(db.TempDir, "c")); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if got := Files(t, db.TempDir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// A copy does not overwrite a file.
func (s suite) copyNeverOverwrites(t *testing.T) {
	db := s.open(t)
	db.Must(rw, "CREATE TABLE t(a INTEGER)")
	to := filepath.Join(t.TempDir(), "c")
	if err := os.WriteFile(to, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Copy(MaintenanceJob(), to); !errs.Is(err, errs.Conflict) {
		t.Error(err)
	}
	if b, err := os.ReadFile(to); err != nil || len(b) != 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// A copy blocks no writer and has none of the later changes.
func (s suite) copyBlocksNoOther(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.Readers = 1 })
	db.large()
	done := make(chan error, 1)
	to := filepath.Join(db.TempDir, "c")
	go func() {
		_, err := db.Copy(MaintenanceJob(), to)
		done <- err
	}()
	Wait(t, "the copy grows", func() bool {
		st, err := os.Stat(to)
		return err == nil && st.Size() > 0
	})
	n := 0
	for running := true; running; n++ {
		db.Must(rw, "INSERT INTO big VALUES ('late')")
		db.Must(ro, "SELECT 1 FROM big LIMIT 1")
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
	}
	if n < 2 {
		t.Errorf("%d writes during the copy", n)
	}
	other := s.open(t, func(o *engine.Options) { o.Path = to })
	if got := other.Must(ro, "SELECT count(*), sum(a = 'late') FROM big"); got != "20000|0" {
		t.Errorf("the copy holds %s", got)
	}
}

// A database that has a file receives no other.
func (s suite) receiveOnce(t *testing.T) {
	whole := s.file(t, "CREATE TABLE t(a INTEGER)")
	db := s.received(t, whole)
	if _, _, err := db.Receive(MaintenanceJob(), bytes.NewReader(whole)); !errs.Is(err, errs.Conflict) {
		t.Error(err)
	}
	if got := db.Must(ro, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("got %q", got)
	}
}

// A file that breaks off leaves nothing behind.
func (s suite) brokenBodyLeavesNothing(t *testing.T) {
	whole := s.file(t, "CREATE TABLE t(a TEXT); INSERT INTO t VALUES ("+text(200_000)+")")
	gone := errors.New("gone")
	for _, n := range []int{0, 50, 100, 1000, 100_000, len(whole)} {
		db := s.open(t)
		body := io.MultiReader(bytes.NewReader(whole[:n]), failing{gone})
		if _, _, err := db.Receive(MaintenanceJob(), body); !errors.Is(err, gone) {
			t.Errorf("%d: %v", n, err)
		}
		if got := Files(t, filepath.Dir(db.Path)); len(got) != 0 {
			t.Errorf("%d: left behind %v", n, got)
		}
	}
}

// A database that is received has the content of the file and is sound.
func (s suite) receiveFile(t *testing.T) {
	db := s.received(t, s.file(t, "CREATE TABLE t(a TEXT); INSERT INTO t VALUES ('é'), (NULL)"))
	if _, err := db.Check(MaintenanceJob()); err != nil {
		t.Error(err)
	}
	if got := db.Must(ro, "SELECT a FROM t"); got != "é NULL" {
		t.Errorf("got %q", got)
	}
}

// Text and an empty file are no database; the error says what they are.
func (s suite) receiveRefuses(t *testing.T) {
	for name, file := range map[string]string{"is empty": "", "It is text": "CREATE TABLE t(a INTEGER);\n"} {
		db := s.open(t)
		_, _, err := db.Receive(MaintenanceJob(), strings.NewReader(file))
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if got := Files(t, filepath.Dir(db.Path)); len(got) != 0 {
			t.Errorf("%s: left behind %v", name, got)
		}
	}
}

// A missing file has nothing to check.
func (s suite) checkOfNothing(t *testing.T) {
	if _, err := s.open(t).Check(MaintenanceJob()); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}

// failing is a body that breaks off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
