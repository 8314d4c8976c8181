//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// large makes a database whose copy takes a while.
func (db *testDB) large() {
	db.T.Helper()
	db.Must(rw, "CREATE TABLE big(a); INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 20000) SELECT randomblob(1000) FROM c")
}

// N8: a copy that is stopped leaves no file, whatever stops it.
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
			job := enginetest.MaintenanceJob()
			done := make(chan error, 1)
			go func() {
				_, err := db.Copy(job, filepath.Join(db.o.TempDir, "c"))
				done <- err
			}()
			enginetest.Wait(t, "the copy grows", func() bool {
				st, err := os.Stat(filepath.Join(db.o.TempDir, "c"))
				return err == nil && st.Size() > 0
			})
			stop(db, job, quiet)
			err := <-done
			want := map[string]errs.Code{"canceled": errs.Canceled, "out of time": errs.Timeout, "closing": errs.Unavailable}[name]
			if !errs.Is(err, want) {
				t.Errorf("told %v", err)
			}
			if got := enginetest.Files(t, db.o.TempDir); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// A damaged database is not copied, and the error has the reason.
func TestCopyOfDamagedDatabase(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(a, b); CREATE INDEX i ON t(b); INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 500) SELECT n, 'secret' || n FROM c")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(db.Path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(b, []byte("secret77")) // in one of table and index
	b[at] = 'S'
	if err := os.WriteFile(db.Path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db2 := open(t, func(o *engine.Options) { o.Path = db.Path })
	_, err = db2.Copy(enginetest.MaintenanceJob(), filepath.Join(db2.o.TempDir, "c"))
	if !errs.Is(err, errs.Snapshot) {
		t.Fatal(err)
	}
	t.Log(err)
	if got := enginetest.Files(t, db2.o.TempDir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// Rows that violate the owner's constraints are no damage: they are copied,
// too.
func TestCopyKeepsRowsThatBreakChecks(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(a CHECK (a > 0)); PRAGMA ignore_check_constraints=1; INSERT INTO t VALUES (-1)")
	db.Copied()
}
