//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func sideJob() *engine.Job { return engine.NewJob(daemonapi.Batch{}, engine.JobOptions{}) }

// copied makes a copy and reads it.
func (db *testDB) copied() []byte {
	db.t.Helper()
	to := filepath.Join(db.o.TempDir, "it's a copy")
	n, err := db.Copy(sideJob(), to)
	if err != nil {
		db.t.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if err != nil || int64(len(b)) != n {
		db.t.Fatalf("%d of %d bytes, %v", len(b), n, err)
	}
	if err := os.Remove(to); err != nil {
		db.t.Fatal(err)
	}
	return b
}

// files lists a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names
}

// Equal for an unchanged database, whoever has read it meanwhile; another one
// after every change.
func TestCopyIsTheStateOfTheDatabase(t *testing.T) {
	db := open(t)
	db.must(rw, "CREATE TABLE t(a PRIMARY KEY, b); INSERT INTO t VALUES (1, 'x')")
	first := db.copied()
	db.must(ro, "SELECT * FROM t")
	if !bytes.Equal(first, db.copied()) {
		t.Error("the copy of an unchanged database is another one")
	}
	for _, sql := range []string{"INSERT INTO t VALUES (2, 'y')", "UPDATE t SET b = 'z'", "CREATE INDEX i ON t(b)", "PRAGMA user_version=3"} {
		db.must(rw, sql)
		next := db.copied()
		if bytes.Equal(first, next) || !bytes.Equal(next, db.copied()) {
			t.Errorf("%s: the copy does not follow", sql)
		}
		first = next
	}
	if got := files(t, db.o.TempDir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestCopyOfNothing(t *testing.T) {
	db := open(t)
	if _, err := db.Copy(sideJob(), filepath.Join(db.o.TempDir, "c")); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
	if got := files(t, db.o.TempDir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestCopyNeverOverwrites(t *testing.T) {
	db := open(t)
	db.must(rw, "CREATE TABLE t(a)")
	to := filepath.Join(t.TempDir(), "c")
	if err := os.WriteFile(to, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Copy(sideJob(), to); !errs.Is(err, errs.Conflict) {
		t.Error(err)
	}
	if b, err := os.ReadFile(to); err != nil || len(b) != 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// large makes a database whose copy takes a while.
func (db *testDB) large() {
	db.t.Helper()
	db.must(rw, "CREATE TABLE big(a); INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 20000) SELECT randomblob(1000) FROM c")
}

// N8: a copy that is stopped leaves nothing behind, whoever stops it.
func TestStoppedCopyLeavesNothingN8(t *testing.T) {
	for name, stop := range map[string]func(db *testDB, j *engine.Job, quiet func()){
		"canceled":    func(_ *testDB, j *engine.Job, _ func()) { j.Cancel() },
		"out of time": func(_ *testDB, j *engine.Job, _ func()) { j.Deadline.Store(0) },
		"closing":     func(db *testDB, _ *engine.Job, quiet func()) { quiet(); _ = db.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			db.large()
			quiet := db.crowd() // the copy rests and rests, so that it is not over too soon
			defer quiet()
			job := sideJob()
			done := make(chan error, 1)
			go func() {
				_, err := db.Copy(job, filepath.Join(db.o.TempDir, "c"))
				done <- err
			}()
			wait(t, "the copy grows", func() bool {
				st, err := os.Stat(filepath.Join(db.o.TempDir, "c"))
				return err == nil && st.Size() > 0
			})
			stop(db, job, quiet)
			err := <-done
			want := map[string]errs.Code{"canceled": errs.Canceled, "out of time": errs.Timeout, "closing": errs.Unavailable}[name]
			if !errs.Is(err, want) {
				t.Errorf("told %v", err)
			}
			if got := files(t, db.o.TempDir); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// A damaged database has no copy, and the reason is told.
func TestCopyOfDamagedDatabase(t *testing.T) {
	db := open(t)
	db.must(rw, "CREATE TABLE t(a, b); CREATE INDEX i ON t(b); INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 500) SELECT n, 'secret' || n FROM c")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(db.path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(b, []byte("secret77")) // in one of table and index
	b[at] = 'S'
	if err := os.WriteFile(db.path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db2 := open(t, func(o *engine.Options) { o.Path = db.path })
	_, err = db2.Copy(sideJob(), filepath.Join(db2.o.TempDir, "c"))
	if !errs.Is(err, errs.Snapshot) {
		t.Fatal(err)
	}
	t.Log(err)
	if got := files(t, db2.o.TempDir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// Rows that break the owner's own rules are no damage: they are saved too.
func TestCopyKeepsRowsThatBreakChecks(t *testing.T) {
	db := open(t)
	db.must(rw, "CREATE TABLE t(a CHECK (a > 0)); PRAGMA ignore_check_constraints=1; INSERT INTO t VALUES (-1)")
	db.copied()
}

// Writers neither wait for a copy nor see it, and it does not see them.
func TestCopyBlocksNobody(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.large()
	done := make(chan error, 1)
	to := filepath.Join(db.o.TempDir, "c")
	go func() {
		_, err := db.Copy(sideJob(), to)
		done <- err
	}()
	wait(t, "the copy grows", func() bool {
		st, err := os.Stat(to)
		return err == nil && st.Size() > 0
	})
	n := 0
	for running := true; running; n++ {
		db.must(rw, "INSERT INTO big VALUES ('late')")
		db.must(ro, "SELECT 1 FROM big LIMIT 1")
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
	other := open(t, func(o *engine.Options) { o.Path = to })
	if got := other.must(ro, "SELECT count(*), sum(a = 'late') FROM big"); got != "20000|0" {
		t.Errorf("the copy holds %s", got)
	}
}
