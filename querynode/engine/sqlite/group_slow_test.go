//go:build cgo && (linux || darwin)

package sqlite

import (
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

const endlessInsert = "INSERT INTO t WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT 'endless' FROM n"

// behind runs a job that waits for the writer behind those that wait already.
func (db *testDB) behind(j *engine.Job) <-chan error {
	db.T.Helper()
	n := db.waiting()
	done := make(chan error, 1)
	go func() { done <- db.Run(j, &enginetest.Memory{}) }()
	enginetest.Wait(db.T, "the job waits for the writer", func() bool { return db.waiting() == n+1 })
	return done
}

// A slow statement between two others in the queue delays neither the answer of
// the first, which is on disk, nor the end of the last, when it is stopped.
func TestSlowMemberHoldsNobody(t *testing.T) {
	for _, c := range []struct {
		name string
		stop func(*engine.Job)
		why  errs.Code
	}{
		{"canceled", (*engine.Job).Cancel, errs.Canceled},
		{"out of time", nil, errs.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := open(t)
			db.Must(rw, "CREATE TABLE t(a)")
			holder := enginetest.SQLJob(endlessInsert, rw, time.Minute)
			held := make(chan error, 1)
			go func() { held <- db.Run(holder, &enginetest.Memory{}) }()
			enginetest.Wait(t, "the holder runs", func() bool { return db.running() > 0 })

			first := db.behind(enginetest.SQLJob("INSERT INTO t VALUES ('first')", rw, time.Minute))
			slow := enginetest.SQLJob(endlessInsert, rw, time.Minute)
			slowEnds := db.behind(slow)
			limit := time.Minute
			if c.stop == nil {
				limit = 500 * time.Millisecond
			}
			last := enginetest.SQLJob("INSERT INTO t VALUES ('last')", rw, limit)
			lastEnds := db.behind(last)
			holder.Cancel()
			if err := db.WaitForEnd("the holder", held); !errs.Is(err, errs.Canceled) {
				t.Fatal(err)
			}
			if err := db.WaitForEnd("the first", first); err != nil {
				t.Error(err)
			}
			enginetest.Wait(t, "the slow one runs", slow.Running)
			if c.stop != nil {
				c.stop(last)
			}
			if err := db.WaitForEnd("the last", lastEnds); !errs.Is(err, c.why) {
				t.Errorf("the last: %v", err)
			}
			if !slow.Running() {
				t.Error("the slow one ended by itself")
			}
			slow.Cancel()
			if err := db.WaitForEnd("the slow one", slowEnds); !errs.Is(err, errs.Canceled) {
				t.Error(err)
			}
			if got := db.Must(ro, "SELECT group_concat(a) FROM t"); got != "first" {
				t.Errorf("rows %s", got)
			}
		})
	}
}
