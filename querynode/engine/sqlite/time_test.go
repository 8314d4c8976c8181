//go:build cgo && (linux || darwin)

package sqlite

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// hang is how long a test waits for what has to come. How soon it comes is for
// make bench.
const hang = 30 * time.Second

// resultDone runs a job, which has to end.
func (db *testDB) ended(j *engine.Job, sink engine.Sink) error {
	db.t.Helper()
	done := make(chan error, 1)
	go func() { done <- db.Run(j, sink) }()
	return db.ends("the job", done)
}

// Q3: work that takes long in every part of SQLite.
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
	db.must(rw, `CREATE TABLE t(x); INSERT INTO t SELECT x FROM `+count(1500)+`;
		CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f SELECT 'x' || x || ' y' || x FROM t`)
	return db
}

// state is what must not change by what was stopped.
func (db *testDB) state() string {
	return db.must(rw, `SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM f), (SELECT count(*) FROM sqlite_schema WHERE name IN ('big', 'i'))`)
}

func TestQ3Timeout(t *testing.T) {
	db := openForTime(t)
	before := db.state()
	for _, c := range endless {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			const limit = 50 * time.Millisecond
			start := time.Now()
			err := db.ended(sqlJob(c.sql, c.mode, limit), sinkFunc(func([]byte, bool) error { return nil }))
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
			j := sqlJob(c.sql, c.mode, time.Minute)
			done := make(chan error, 1)
			go func() {
				done <- db.Run(j, sinkFunc(func([]byte, bool) error { return nil }))
			}()
			began := time.Now()
			wait(t, "the job has run for a while", func() bool {
				return db.running() > 0 && time.Since(began) > 100*time.Millisecond
			})
			start := time.Now()
			j.Cancel()
			j.Cancel()
			err := db.ends("the job", done)
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

func TestCancelBeforeRun(t *testing.T) {
	db := open(t)
	j := sqlJob(`CREATE TABLE t(a)`, rw, 0)
	j.Cancel()
	if err := db.Run(j, &memory{}); !errs.Is(err, errs.Canceled) {
		t.Error(err)
	}
	db.fails(ro, `SELECT * FROM t`, errs.SQL)
}

// Q2: a cancel never hits the next job of its connection, however late it
// comes.
func TestQ2CancelHitsNobodyElse(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.must(rw, `CREATE TABLE t(x); INSERT INTO t SELECT x FROM `+count(2000))
	jobs := make(chan *engine.Job, 100)
	go func() {
		for j := range jobs {
			j.Cancel()
		}
	}()
	for i := range 3000 {
		j := sqlJob(`SELECT 1`, ro, time.Minute)
		if i%2 == 0 {
			jobs <- j // may come before, while or after it runs
		}
		if err := db.Run(j, &memory{}); err != nil && !(i%2 == 0 && errs.Is(err, errs.Canceled)) {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if got := db.must(ro, `SELECT sum(x) FROM t`); got != "2001000" {
				t.Fatal(got)
			}
		}
	}
	close(jobs)
}

// The time a sink takes is not the statement's.
func TestSinkTimeDoesNotCount(t *testing.T) {
	db := open(t)
	writes := 0
	sink := sinkFunc(func([]byte, bool) error {
		if writes++; writes <= 4 {
			<-time.After(600 * time.Millisecond) // a slow client
		}
		return nil
	})
	err := db.Run(sqlJob(`SELECT x, 'something' FROM `+count(20000), ro, 2*time.Second), sink)
	if err != nil || writes < 5 {
		t.Errorf("%v after %d writes", err, writes)
	}
}

// A job can be canceled while its sink blocks, and ends when the sink does:
// what was read before gets nowhere.
func TestCancelWhileSinkBlocks(t *testing.T) {
	db := open(t)
	j := sqlJob(`SELECT x FROM `+count(1_000_000), ro, time.Minute)
	writes := 0
	err := db.Run(j, sinkFunc(func([]byte, bool) error {
		if writes++; writes == 2 {
			j.Cancel()
		}
		return nil
	}))
	if !errs.Is(err, errs.Canceled) || writes != 2 {
		t.Errorf("%v after %d writes", err, writes)
	}
}

// Rows of a slow statement are sent before it ends.
func TestSlowRowsAreSentEarly(t *testing.T) {
	db := open(t)
	writes := 0
	sql := `SELECT x, (SELECT sum(x + o.x) FROM ` + count(20000) + `) FROM ` + count(200) + ` o`
	err := db.Run(sqlJob(sql, ro, time.Minute), sinkFunc(func([]byte, bool) error {
		writes++
		return nil
	}))
	if err != nil || writes < 3 { // all of it would fit into one
		t.Errorf("%v, %d writes", err, writes)
	}
}

// Waiting for a turn is bounded too, and can be canceled.
func TestBusy(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.must(rw, `CREATE TABLE t(a)`)
	for _, c := range []struct {
		mode ayb.QueryLevel
		sql  string
	}{
		{ro, `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`},
		{rw, `INSERT INTO t WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`},
	} {
		holder := sqlJob(c.sql, c.mode, time.Minute)
		done := make(chan error, 1)
		go func() { done <- db.Run(holder, &memory{}) }()
		wait(t, "the holder runs", func() bool { return db.running() > 0 })

		err := db.Run(sqlJob(c.sql, c.mode, 30*time.Millisecond), &memory{})
		if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "busy") {
			t.Error(err)
		}
		waiter := sqlJob(c.sql, c.mode, time.Minute)
		waited := make(chan error, 1)
		go func() { waited <- db.Run(waiter, &memory{}) }()
		wait(t, "the waiter waits", func() bool { return db.waiting() > 0 })
		waiter.Cancel()
		if err := <-waited; !errs.Is(err, errs.Canceled) {
			t.Error(err)
		}
		holder.Cancel()
		if err := <-done; !errs.Is(err, errs.Canceled) {
			t.Error(err)
		}
		if got := db.must(rw, `DELETE FROM t; SELECT 1`); got != "1" {
			t.Error(got)
		}
	}
}

// Close stops what runs and what waits, and later jobs fail.
func TestCloseStopsJobs(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 2 })
	db.must(rw, `CREATE TABLE t(a)`)
	var failed atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(6, func(i int) {
			sql, mode := `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`, ro
			if i%2 == 0 {
				sql, mode = `INSERT INTO t `+sql, rw
			}
			if err := db.Run(sqlJob(sql, mode, time.Minute), &memory{}); errs.Is(err, errs.Unavailable) {
				failed.Add(1)
			} else {
				t.Errorf("%v", err)
			}
		})
	}()
	wait(t, "three run and three wait", func() bool {
		db.mu.Lock()
		defer db.mu.Unlock()
		return db.active == 6 && db.running() == 3
	})
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	<-done
	if failed.Load() != 6 {
		t.Errorf("%d failed", failed.Load())
	}
	db.fails(ro, `SELECT 1`, errs.Unavailable)
}

// Q3: what takes long within one step of SQLite's is stopped, too: an
// expression of FTS5 takes time with the square of its terms, and nothing looks
// up meanwhile. The connection is as good as before.
func TestStopWithinAStep(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.must(rw, `CREATE VIRTUAL TABLE f USING fts5(x)`)
	db.must(rw, `INSERT INTO f VALUES ('a b c')`)
	sql := `SELECT * FROM f WHERE f MATCH '` + strings.Repeat("a OR ", 90_000) + `a'`
	for _, code := range []errs.Code{errs.Timeout, errs.Canceled} {
		j := sqlJob(sql, ro, 300*time.Millisecond)
		if code == errs.Canceled {
			j = sqlJob(sql, ro, time.Minute)
			time.AfterFunc(300*time.Millisecond, j.Cancel)
		}
		if err := db.ended(j, &memory{}); !errs.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
		if got := db.must(ro, `SELECT x FROM f WHERE f MATCH 'a OR z'`); got != "a b c" {
			t.Errorf("afterwards: %s", got)
		}
	}
}

// What got no more memory because it was to stop has stopped for that reason,
// whatever SQLite calls it; one that was not to stop has failed.
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
		j := sqlJob("SELECT 1", ro, time.Second)
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
