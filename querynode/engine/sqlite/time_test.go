//go:build cgo && (linux || darwin)

package sqlite

import (
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Q3: long work in every part of SQLite is stopped.
var endless = []struct {
	name string
	mode ayb.QueryLevel
	sql  string
}{
	{"recursion", ro, `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`},
	{"join", ro, `SELECT count(*) FROM t a, t b, t c WHERE a.x + b.x + c.x = -1`},
	{"sort", ro, `SELECT a.x FROM t a, t b, t c ORDER BY a.x * b.x * c.x % 1000`},
	{"group", ro, `SELECT a.x * b.x * c.x AS p, count(*) FROM t a, t b, t c GROUP BY p HAVING count(*) < 0`},
	{"window", ro, `SELECT max(s) FROM (SELECT sum(a.x) OVER (ORDER BY b.x) AS s FROM t a, t b, t c)`},
	{"rows", ro, `SELECT a.x FROM t a, t b, t c`},
	{"full text", ro, `SELECT count(*) FROM f a, f b, t c WHERE a.f MATCH 'x*' AND b.f MATCH 'y*'`},
	{"regular pattern", ro, `SELECT count(*) FROM t a, t b WHERE printf('%20000d', a.x * b.x) LIKE '%1%2%3%4%5%6'`},
	{"several statements", ro, `SELECT 1; SELECT count(*) FROM t a, t b, t c WHERE a.x + b.x + c.x = -1; SELECT 2`},
	{"insert", rw, `INSERT INTO t SELECT a.x FROM t a, t b, t c`},
	{"update after an insert", rw, `INSERT INTO t VALUES (1); UPDATE t SET x = (SELECT count(*) FROM t a, t b WHERE a.x + b.x = t.x)`},
	{"full text insert", rw, `INSERT INTO f SELECT 'x' || a.x || ' y' || b.x FROM t a, t b, t c`},
	{"index", rw, `CREATE TABLE big AS SELECT a.x FROM t a, t b, t c; CREATE INDEX i ON big(x)`},
	{"own transaction", rw, `BEGIN; DELETE FROM t; SELECT count(*) FROM f a, f b, f c; COMMIT`},
}

func openForTime(t *testing.T) *testDB {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(x); INSERT INTO t SELECT x FROM `+enginetest.Count(1500)+`;
		CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f SELECT 'x' || x || ' y' || x FROM t`)
	return db
}

// state must not be changed by a stopped statement.
func (db *testDB) state() string {
	return db.Must(rw, `SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM f), (SELECT count(*) FROM sqlite_schema WHERE name IN ('big', 'i'))`)
}

func TestQ3Timeout(t *testing.T) {
	db := openForTime(t)
	before := db.state()
	for _, c := range endless {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			const limit = 50 * time.Millisecond
			start := time.Now()
			err := db.RunToEnd(enginetest.SQLJob(c.sql, c.mode, limit), enginetest.SinkFunc(func([]byte, bool) error { return nil }))
			took := time.Since(start)
			if !errs.Is(err, errs.Timeout) || !strings.HasPrefix(err.Error(), "The statement took longer than 50 ms (limits.statement_timeout) and was stopped") {
				t.Fatalf("%v", err)
			}
			t.Logf("stopped after %v", took)
			if got := db.state(); got != before {
				t.Errorf("was %s, is %s", before, got)
			}
		})
	}
}

func TestQ3Cancel(t *testing.T) {
	db := openForTime(t)
	before := db.state()
	for _, c := range endless {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			j := enginetest.SQLJob(c.sql, c.mode, time.Minute)
			done := make(chan error, 1)
			go func() {
				done <- db.Run(j, enginetest.SinkFunc(func([]byte, bool) error { return nil }))
			}()
			began := time.Now()
			enginetest.Wait(t, "the job has run for a while", func() bool {
				return db.running() > 0 && time.Since(began) > 100*time.Millisecond
			})
			start := time.Now()
			j.Cancel()
			j.Cancel()
			err := db.WaitForEnd("the job", done)
			took := time.Since(start)
			j.Cancel()
			if !errs.Is(err, errs.Canceled) {
				t.Fatalf("%v", err)
			}
			t.Logf("stopped after %v", took)
			if got := db.state(); got != before {
				t.Errorf("was %s, is %s", before, got)
			}
		})
	}
}

// running counts the jobs that have a connection.
func (db *testDB) running() int {
	n := 0
	for _, p := range []*pool{db.readers, db.writer} {
		for _, s := range p.all {
			if s.job.Load() != nil {
				n++
			}
		}
	}
	return n
}

// Waiting for a connection is limited in time, too, and can be canceled.
func TestBusy(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(a)`)
	for _, c := range []struct {
		mode ayb.QueryLevel
		sql  string
	}{
		{ro, `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`},
		{rw, `INSERT INTO t WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`},
	} {
		holder := enginetest.SQLJob(c.sql, c.mode, time.Minute)
		done := make(chan error, 1)
		go func() { done <- db.Run(holder, &enginetest.Memory{}) }()
		enginetest.Wait(t, "the holder runs", func() bool { return db.running() > 0 })

		err := db.Run(enginetest.SQLJob(c.sql, c.mode, 30*time.Millisecond), &enginetest.Memory{})
		if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "busy") {
			t.Error(err)
		}
		waiter := enginetest.SQLJob(c.sql, c.mode, time.Minute)
		waited := make(chan error, 1)
		go func() { waited <- db.Run(waiter, &enginetest.Memory{}) }()
		enginetest.Wait(t, "the waiter waits", func() bool { return db.waiting() > 0 })
		waiter.Cancel()
		if err := <-waited; !errs.Is(err, errs.Canceled) {
			t.Error(err)
		}
		holder.Cancel()
		if err := <-done; !errs.Is(err, errs.Canceled) {
			t.Error(err)
		}
		if got := db.Must(rw, `DELETE FROM t; SELECT 1`); got != "1" {
			t.Error(got)
		}
	}
}

// Q3: long work within one step of SQLite is stopped, too: an expression of
// FTS5 takes quadratic time without a check. The connection stays usable.
func TestStopWithinAStep(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE VIRTUAL TABLE f USING fts5(x)`)
	db.Must(rw, `INSERT INTO f VALUES ('a b c')`)
	sql := `SELECT * FROM f WHERE f MATCH '` + strings.Repeat("a OR ", 90_000) + `a'`
	for _, code := range []errs.Code{errs.Timeout, errs.Canceled} {
		j := enginetest.SQLJob(sql, ro, 300*time.Millisecond)
		if code == errs.Canceled {
			j = enginetest.SQLJob(sql, ro, time.Minute)
			time.AfterFunc(300*time.Millisecond, j.Cancel)
		}
		if err := db.RunToEnd(j, &enginetest.Memory{}); !errs.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
		if got := db.Must(ro, `SELECT x FROM f WHERE f MATCH 'a OR z'`); got != "a b c" {
			t.Errorf("afterwards: %s", got)
		}
	}
}

// A statement that was denied memory because it had to stop ends with that
// reason, whatever SQLite's code. Another one fails with its own error.
func TestStarvedHasStopped(t *testing.T) {
	db := open(t)
	c, err := openStandIn(db.o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	const noMemory, noMemoryForIO = 7, 10 | 12<<8
	for code, fail := range map[int]func(*engine.Job) error{
		1:             func(j *engine.Job) error { return c.failure(1, db.o, j, 0) },
		noMemory:      func(j *engine.Job) error { return c.failure(noMemory, db.o, j, 0) },
		noMemoryForIO: func(j *engine.Job) error { return c.failure(noMemoryForIO, db.o, j, 0) },
	} {
		j := enginetest.SQLJob("SELECT 1", ro, time.Second)
		c.c.starved = 1
		if err := fail(j); !errs.Is(err, errs.SQL) {
			t.Errorf("%d: %v", code, err)
		}
		c.broken = false
		j.Stop(engine.TimedOut)
		if err := fail(j); !errs.Is(err, errs.Timeout) || c.broken != (code != noMemory) {
			t.Errorf("%d after its time: %v, broken %v", code, err, c.broken)
		}
	}
}
