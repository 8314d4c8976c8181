package enginetest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func loadJob(mode ayb.QueryLevel) *engine.Job {
	return engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: mode})
}

func integers(n ...int64) []daemonapi.Value {
	row := make([]daemonapi.Value, len(n))
	for i := range n {
		row[i] = daemonapi.Value{Kind: daemonapi.Integer, Integer: n[i]}
	}
	return row
}

// A load that commits keeps its rows. A bad row is reported alone.
func (s suite) load(t *testing.T) {
	db := s.open(t)
	_, err := db.Load(loadJob(rw), engine.LoadOptions{Commit: true}, func(l engine.Loader) error {
		if _, bad, err := l.Exec(`CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER)`); bad != nil || err != nil {
			return errors.Join(bad, err)
		}
		names, _, found, err := l.Columns("t")
		if err != nil || !found || len(names) != 2 {
			t.Errorf("columns %v, %v, %v", names, found, err)
		}
		if err := l.Into("t", []string{"a", "b"}); err != nil {
			return err
		}
		for _, n := range []int64{1, 2} {
			if bad, err := l.Insert(integers(n, n*10)); bad != nil || err != nil {
				return errors.Join(bad, err)
			}
		}
		if bad, err := l.Insert(integers(1, 0)); bad == nil || err != nil {
			t.Errorf("a row whose key exists: %v, %v", bad, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := db.Must(ro, `SELECT a, b FROM t ORDER BY a`); got != "1|10 2|20" {
		t.Errorf("got %s", got)
	}
}

// A load that fails, that does not commit or that is stopped changes nothing, and
// so does one of a caller who may only read.
func (s suite) loadUndone(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)`)
	fail := errors.New("no more")
	insert := func(l engine.Loader) error {
		_, bad, err := l.Exec(`INSERT INTO t VALUES (2)`)
		return errors.Join(bad, err)
	}
	if _, err := db.Load(loadJob(rw), engine.LoadOptions{}, insert); err != nil {
		t.Errorf("without commit: %v", err)
	}
	_, err := db.Load(loadJob(rw), engine.LoadOptions{Commit: true}, func(l engine.Loader) error { return errors.Join(insert(l), fail) })
	if !errors.Is(err, fail) {
		t.Errorf("work that fails: %v", err)
	}
	job := loadJob(rw)
	_, err = db.Load(job, engine.LoadOptions{Commit: true}, func(l engine.Loader) error {
		job.Cancel()
		return insert(l)
	})
	if !errs.Is(err, errs.Canceled) || !errs.Is(job.Err(), errs.Canceled) {
		t.Errorf("canceled: %v, %v", err, job.Err())
	}
	if _, err := db.Load(loadJob(ro), engine.LoadOptions{Commit: true}, insert); !errs.Is(err, errs.ReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
		t.Errorf("left %s", got)
	}
}

// The files at any moment are the database of the last commit: this is the state
// that a crash of the process leaves.
func (s suite) crash(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)`)
	db.Must(rw, `INSERT INTO t VALUES (2)`)
	dir := t.TempDir()
	_, err := db.Load(loadJob(rw), engine.LoadOptions{Commit: true}, func(l engine.Loader) error {
		_, bad, err := l.Exec(`INSERT INTO t SELECT x FROM ` + Count(50_000))
		if bad != nil || err != nil {
			return errors.Join(bad, err)
		}
		return os.CopyFS(dir, os.DirFS(filepath.Dir(db.Path)))
	})
	if err != nil {
		t.Fatal(err)
	}
	after := s.open(t, func(o *engine.Options) { o.Path = filepath.Join(dir, filepath.Base(db.Path)) })
	if got := after.Must(rw, `SELECT a FROM t`); got != "1 2" {
		t.Errorf("after the crash: %s", got)
	}
	after.Must(rw, `INSERT INTO t VALUES (3)`)
	if n, err := after.Copy(MaintenanceJob(), filepath.Join(after.TempDir, "c")); err != nil || n == 0 { // it is checked
		t.Errorf("a copy: %d bytes, %v", n, err)
	}
}
