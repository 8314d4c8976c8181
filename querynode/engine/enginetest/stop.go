package enginetest

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// A job that is canceled before its start does nothing.
func (s suite) cancelBeforeRun(t *testing.T) {
	db := s.open(t)
	j := SQLJob(`CREATE TABLE t(a INTEGER)`, rw, 0)
	j.Cancel()
	if err := db.Run(j, &Memory{}); !errs.Is(err, errs.Canceled) {
		t.Error(err)
	}
	db.Fails(ro, `SELECT * FROM t`, errs.SQL)
}

// A late cancel does not stop the next job of the connection.
func (s suite) cancelHitsNoOther(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(x INTEGER); INSERT INTO t SELECT x FROM `+Count(2000))
	jobs := make(chan *engine.Job, 100)
	go func() {
		for j := range jobs {
			j.Cancel()
		}
	}()
	for i := range 3000 {
		j := SQLJob(`SELECT 1`, ro, time.Minute)
		if i%2 == 0 {
			jobs <- j // may come before, while or after it runs
		}
		if err := db.Run(j, &Memory{}); err != nil && !(i%2 == 0 && errs.Is(err, errs.Canceled)) {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if got := db.Must(ro, `SELECT sum(x) FROM t`); got != "2001000" {
				t.Fatal(got)
			}
		}
	}
	close(jobs)
}

// The time of the sink does not count as time of the statement.
func (s suite) sinkTimeDoesNotCount(t *testing.T) {
	db := s.open(t)
	writes := 0
	sink := SinkFunc(func([]byte, bool) error {
		if writes++; writes <= 4 {
			<-time.After(600 * time.Millisecond) // a slow client
		}
		return nil
	})
	err := db.Run(SQLJob(`SELECT x, 'something' FROM `+Count(20000), ro, 2*time.Second), sink)
	if err != nil || writes < 5 {
		t.Errorf("%v after %d writes", err, writes)
	}
}

// A job can be canceled while its sink blocks. It ends when the sink does, and its
// sink gets no more rows.
func (s suite) cancelWhileSinkBlocks(t *testing.T) {
	db := s.open(t)
	j := SQLJob(`SELECT x FROM `+Count(1_000_000), ro, time.Minute)
	writes := 0
	err := db.Run(j, SinkFunc(func([]byte, bool) error {
		if writes++; writes == 2 {
			j.Cancel()
		}
		return nil
	}))
	if !errs.Is(err, errs.Canceled) || writes != 2 {
		t.Errorf("%v after %d writes", err, writes)
	}
}

// A slow statement sends rows before it ends.
func (s suite) slowRowsAreSentEarly(t *testing.T) {
	db := s.open(t)
	writes := 0
	sql := `SELECT x, (SELECT sum(x + o.x) FROM ` + Count(20000) + `) FROM ` + Count(200) + ` o`
	err := db.Run(SQLJob(sql, ro, time.Minute), SinkFunc(func([]byte, bool) error {
		writes++
		return nil
	}))
	if err != nil || writes < 3 { // all of it would fit into one
		t.Errorf("%v, %d writes", err, writes)
	}
}

// Close stops jobs that run and jobs that wait; later jobs fail.
func (s suite) closeStopsJobs(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.Readers = 2 })
	db.Must(rw, `CREATE TABLE t(a INTEGER)`)
	var jobs []*engine.Job
	for i := range 6 {
		sql, mode := forever, ro
		if i%2 == 0 {
			sql, mode = `INSERT INTO t `+sql, rw
		}
		jobs = append(jobs, SQLJob(sql, mode, time.Minute))
	}
	var failed atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		Together(len(jobs), func(i int) {
			if err := db.Run(jobs[i], &Memory{}); errs.Is(err, errs.Unavailable) {
				failed.Add(1)
			} else {
				t.Errorf("%v", err)
			}
		})
	}()
	Wait(t, "two readers and a writer run", func() bool { return running(jobs) == 3 })
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	<-done
	if failed.Load() != 6 {
		t.Errorf("%d failed", failed.Load())
	}
	db.Fails(ro, `SELECT 1`, errs.Unavailable)
}

// A statement that takes too long is stopped, and what it wrote is undone.
func (s suite) timeout(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)`)
	for _, c := range []struct {
		mode ayb.QueryLevel
		sql  string
	}{
		{ro, forever}, {ro, `SELECT 1; ` + forever}, {rw, `INSERT INTO t ` + forever}, {rw, `INSERT INTO t VALUES (2); ` + forever},
	} {
		err := db.RunToEnd(SQLJob(c.sql, c.mode, 50*time.Millisecond), &Memory{})
		if !errs.Is(err, errs.Timeout) || !strings.HasPrefix(err.Error(), "The statement took longer than 50 ms (limits.statement_timeout)") {
			t.Errorf("%s: %v", c.sql, err)
		}
		if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
			t.Errorf("%s: left %s", c.sql, got)
		}
	}
}
