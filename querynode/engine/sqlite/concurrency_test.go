//go:build cgo && (linux || darwin)

package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Q2: many callers at once each get their own answers and their own
// acknowledged writes, and no part of a failed body.
func TestQ2ManyAtOnce(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(who INT, n INT, PRIMARY KEY (who, n))`)
	const clients, rounds = 64, 25
	enginetest.Together(clients, func(i int) {
		// try reports by t.Error only, which other goroutines may call.
		ask := func(mode ayb.QueryLevel, sql, want string) {
			if out, err := db.Try(mode, sql); err != nil || out != want {
				t.Errorf("%s: %.200s, %v; want %s", sql, out, err, want)
			}
		}
		none := `{"fields":[],"rows":[]}`
		for n := range rounds {
			ask(rw, fmt.Sprintf(`INSERT INTO t VALUES (%d, %d)`, i, n), none)
			ask(ro, fmt.Sprintf(`SELECT count(*) AS c, max(n) AS m FROM t WHERE who = %d`, i), fmt.Sprintf(`{"fields":["c","m"],"rows":[["%d","%d"]]}`, n+1, n))
			ask(ro, fmt.Sprintf(`SELECT '%d-%d' AS a`, i, n), fmt.Sprintf(`{"fields":["a"],"rows":[["%d-%d"]]}`, i, n))
			ask(rw, fmt.Sprintf(`UPDATE t SET n = n WHERE who = %d AND n = %d; SELECT %d AS x`, i, n, i*n), fmt.Sprintf(`{"fields":["x"],"rows":[["%d"]]}`, i*n))
			if n%5 == 0 {
				sql := fmt.Sprintf(`DELETE FROM t WHERE who = %d; INSERT INTO t VALUES (-1, %d); SELECT nope`, i, i*1000+n)
				if _, err := db.Try(rw, sql); err == nil {
					t.Errorf("%s: no error", sql)
				}
			}
			if n%10 == 3 {
				ask(rw, fmt.Sprintf(`CREATE TEMP TABLE mine AS SELECT %d AS v; SELECT v FROM mine`, i), fmt.Sprintf(`{"fields":["v"],"rows":[["%d"]]}`, i))
			}
		}
	})
	if got := db.Must(ro, `SELECT count(*), count(DISTINCT who), min(who) FROM t`); got != fmt.Sprintf("%d|%d|0", clients*rounds, clients) {
		t.Errorf("got %s", got)
	}
	if got := db.Must(ro, `PRAGMA integrity_check`); got != "ok" {
		t.Error(got)
	}
}

// A quiet database uses one reader, and the watchdog sleeps.
func TestQuietDatabase(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	for range 20 {
		db.Must(ro, `SELECT * FROM t`)
	}
	open := 0
	for _, s := range db.readers.all {
		if s.c != nil {
			open++
		}
	}
	if open != 1 {
		t.Errorf("%d readers are open", open)
	}
	enginetest.Wait(t, "the watchdog sleeps", func() bool { return !db.watching.Load() })
	j := enginetest.SQLJob(`WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`, ro, 20*time.Millisecond)
	if err := db.Run(j, &enginetest.Memory{}); err == nil {
		t.Error("no timeout after it woke")
	}
}

// A check finds a full-text table sound, even if another connection has written
// to it since.
func TestChecksOfSearchTables(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE VIRTUAL TABLE ft USING fts5(a, prefix='2'); INSERT INTO ft VALUES ('hello world'), ('help me')`)
	for _, sql := range []string{
		`PRAGMA integrity_check`, `PRAGMA quick_check`, `SELECT * FROM pragma_integrity_check`, `SELECT count(*) FROM ft('he*'); PRAGMA integrity_check`,
	} {
		for range 3 {
			if got := db.Must(ro, sql); got != "ok" {
				t.Errorf("%s: %s", sql, got)
			}
			db.Must(rw, `INSERT INTO ft VALUES ('held water')`)
			db.Must(ro, `SELECT count(*) FROM ft`)
		}
	}
}
