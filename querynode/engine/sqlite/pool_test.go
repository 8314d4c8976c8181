//go:build cgo && (linux || darwin)

package sqlite

import (
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// The error of a long wait for a reader names the limit.
func TestBusyReadersNameTheLimit(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	held := enginetest.SQLJob("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c", ro, time.Minute)
	done := make(chan error, 1)
	go func() { done <- db.Run(held, &enginetest.Memory{}) }()
	enginetest.Wait(t, "the reader to be taken", held.Running)
	err := db.Run(enginetest.SQLJob("SELECT 1", ro, 50*time.Millisecond), &enginetest.Memory{})
	want := "The database is busy: at most 1 statements run at once (limits.queries_per_database, querynode.readers), and this one waited 50 ms for its turn; try again, or ask the operator of the server to raise the limit"
	if !errs.Is(err, errs.Unavailable) || err.Error() != want {
		t.Errorf("got %v", err)
	}
	held.Cancel()
	if err := <-done; !errs.Is(err, errs.Canceled) {
		t.Error(err)
	}
}
