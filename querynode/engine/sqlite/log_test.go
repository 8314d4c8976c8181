//go:build cgo && (linux || darwin)

package sqlite

import (
	"os"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// Q3: the pages that a stopped statement wrote into the log are gone
// afterwards, so that the next commit does not sync them. Changes committed
// before and after are kept, for current readers and when the file is opened
// again.
func TestStoppedLeavesNothingInTheLog(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE list(x, s); CREATE TABLE big(x, s); CREATE TABLE done(x);
		INSERT INTO list SELECT x, 'text ' || x FROM `+enginetest.Count(2000))
	for round := range 6 {
		err := db.Run(enginetest.SQLJob(`INSERT INTO big SELECT a.x, b.s FROM list a, list b, list c`, rw, time.Second), &enginetest.Memory{})
		if !errs.Is(err, errs.Timeout) {
			t.Fatal(err)
		}
		st, err := os.Stat(db.Path + "-wal")
		if err != nil || st.Size() > 1<<20 {
			t.Errorf("round %d: the log has %d bytes, %v", round, st.Size(), err)
		}
		if got := db.Must(ro, `SELECT (SELECT count(*) FROM big), (SELECT count(*) FROM list), (SELECT count(*) FROM done)`); got != "0|2000|"+string(rune('0'+round)) {
			t.Errorf("round %d: there are %s rows", round, got)
		}
		db.Must(rw, `INSERT INTO done VALUES (1)`)
	}
	for _, suffix := range []string{"", "-wal"} { // as after a crash
		data, err := os.ReadFile(db.Path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(db.Path+".copy"+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, func(o *engine.Options) { o.Path = db.Path + ".copy" })
	if got := again.Must(rw, `SELECT count(*) FROM done; PRAGMA integrity_check`); got != "ok" {
		t.Error(got)
	}
	if got := again.Must(ro, `SELECT count(*) FROM done`); got != "6" {
		t.Errorf("%s rows after a crash", got)
	}
}
