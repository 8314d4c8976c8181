//go:build cgo && (linux || darwin)

package sqlite

import (
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/querynode/engine/enginetest"
)

// A copy checks for requests of callers while it is made and checked.
func TestCopyPauses(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(x); INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i < 100000) SELECT randomblob(100) FROM c")
	before := int64(db.calls.p.seen)
	quiet := db.crowd()
	_, err := db.Copy(enginetest.MaintenanceJob(), filepath.Join(db.o.TempDir, "copy"))
	quiet()
	if err != nil {
		t.Fatal(err)
	}
	if int64(db.calls.p.seen) == before {
		t.Error("it has not looked")
	}
}

// crowd simulates constant requests, until quiet is called.
func (db *testDB) crowd() (quiet func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				db.calls.add()
			}
		}
	}()
	return sync.OnceFunc(func() { close(stop); <-stopped })
}

// Work in Go pauses for several times as long as it worked, up to a limit, and
// only if there were requests.
func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a busy machine would rest by itself
		c := newCallCounter()
		defer c.free()
		p := c.newThrottle()
		rest := func(worked time.Duration, stop <-chan struct{}) time.Duration {
			p.since = time.Now().Add(-worked)
			begin := time.Now()
			p.pauseIfDue(stop)
			return time.Since(begin)
		}
		if d := rest(time.Hour, nil); d > longestPause {
			t.Errorf("nobody wanted anything, and it rested %s", d)
		}
		c.add()
		if d := rest(0, nil); d > longestPause {
			t.Errorf("it had done next to nothing, and rested %s", d)
		}
		c.add() // on a busy machine it may have done more than that
		if d := rest(2*workSlice, nil); d < 2*pauseFactor*workSlice {
			t.Errorf("it rested %s", d)
		}
		if d := rest(2*workSlice, nil); d > longestPause {
			t.Errorf("nobody wanted anything any more, and it rested %s", d)
		}
		c.add()
		if d := rest(time.Hour, nil); d < longestPause || d > time.Minute {
			t.Errorf("after long work it rested %s", d)
		}
		c.add()
		stop := make(chan struct{})
		close(stop)
		if d := rest(time.Hour, stop); d > longestPause {
			t.Errorf("nobody waits for it, and it rested %s", d)
		}
	})
}
