//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// A statement that needs too much memory fails alone.
func TestMemoryLimit(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.HeapBytes = 24 << 20 })
	db.Must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1)`)
	for _, sql := range []string{
		`SELECT length(randomblob(9000000) || ''), randomblob(9000000), randomblob(9000000), randomblob(9000000)`,
		`INSERT INTO t SELECT zeroblob(9000000) || randomblob(9000000) || randomblob(4000000)`,
		`SELECT 1; SELECT randomblob(9000000), randomblob(9000000), randomblob(9000000)`,
	} {
		m := db.Fails(rw, sql, errs.SQL)
		if !strings.Contains(m, "out of memory") || !strings.Contains(m, "24 MiB") {
			t.Errorf("%s: %s", sql, m)
		}
		if got := db.Must(rw, `UPDATE t SET a = a RETURNING a`) + db.Must(ro, `SELECT a FROM t`); got != "11" {
			t.Errorf("after it: %q", got)
		}
	}
	m := db.Fails(rw, `SELECT zeroblob(30000000)`, errs.TooLarge)
	if !strings.Contains(m, "string or blob too big") || !strings.Contains(m, "24 MiB") {
		t.Error(m)
	}
}

// Q6: sorts and indexes larger than memory use the temporary directory.
func TestQ6LargeSorts(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.HeapBytes = 16 << 20 })
	db.Must(rw, `CREATE TABLE t(a, b); INSERT INTO t SELECT hex(randomblob(400)), x FROM `+enginetest.Count(36000))
	if st, err := os.Stat(db.Path); err != nil || st.Size() < 23<<20 {
		t.Fatalf("the table is too small: %v, %v", st, err)
	}
	if got := db.Must(ro, `SELECT count(*) FROM (SELECT a, lag(a) OVER (ORDER BY a) AS b FROM t) WHERE b > a`); got != "0" {
		t.Error(got)
	}
	if got := db.Must(ro, `SELECT b FROM (SELECT b FROM t ORDER BY a || '') ORDER BY b LIMIT 1`); got != "1" {
		t.Error(got)
	}
	db.Must(rw, `CREATE INDEX i ON t(a)`)
	db.Must(rw, `VACUUM`)
	if got := db.Must(rw, `PRAGMA integrity_check`); got != "ok" {
		t.Error(got)
	}
}

// A million rows are streamed with a flat heap and in chunks of the right size.
func TestStreamIsFlat(t *testing.T) {
	db := open(t)
	var rows, total, longest int
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak uint64
	sink := enginetest.SinkFunc(func(p []byte, _ bool) error {
		rows += bytes.Count(p, []byte("["))
		total += len(p)
		longest = max(longest, len(p))
		if rows%100_000 < 500 {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse)
		}
		return nil
	})
	sql := `SELECT x, 'row ' || x FROM ` + enginetest.Count(1_000_000)
	if err := db.Run(enginetest.SQLJob(sql, ro, time.Minute), sink); err != nil {
		t.Fatal(err)
	}
	if rows != 1_000_000+2 { // and the brackets of fields and rows
		t.Errorf("%d rows", rows)
	}
	if longest > encode.ChunkBytes || total/longest > total/encode.FlushBytes+1 {
		t.Errorf("%d bytes in chunks up to %d", total, longest)
	}
	if grown := int64(peak) - int64(before.HeapInuse); grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

// One cell larger than any buffer costs no Go memory of its size.
func TestBigCellIsFlat(t *testing.T) {
	db := open(t)
	var before, after runtime.MemStats
	total := 0
	sink := enginetest.SinkFunc(func(p []byte, _ bool) error { total += len(p); return nil })
	runtime.ReadMemStats(&before)
	if err := db.Run(enginetest.SQLJob(`SELECT zeroblob(20000000)`, ro, time.Minute), sink); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if total < 6*20_000_000 {
		t.Errorf("%d bytes", total)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

// A writer's result waits for the commit, on disk if it is large, and the write
// lock is free while the client reads.
func TestSpool(t *testing.T) {
	temp := t.TempDir()
	db := open(t, func(o *engine.Options) { o.TempDir = temp })
	db.Must(rw, `CREATE TABLE t(a, b)`)
	var got bytes.Buffer
	calls := 0
	sink := enginetest.SinkFunc(func(p []byte, last bool) error {
		if calls++; calls == 1 {
			// Committed, and the lock is free: another writer succeeds
			// meanwhile.
			if n := db.Must(rw, `INSERT INTO t VALUES (0, 0); SELECT count(*) FROM t`); n != "60001" {
				t.Errorf("%s rows are there", n)
			}
		}
		got.Write(p)
		return nil
	})
	sql := `INSERT INTO t SELECT x, hex(zeroblob(25)) FROM ` + enginetest.Count(60000) + ` RETURNING a, b`
	if err := db.Run(enginetest.SQLJob(sql, rw, time.Minute), sink); err != nil {
		t.Fatal(err)
	}
	if got.Len() < 3*spoolMemory {
		t.Fatalf("only %d bytes", got.Len())
	}
	rows := strings.Split(enginetest.Flatten(t, got.String()), " ")
	for i, row := range rows {
		if want := fmt.Sprintf("%d|%s", i+1, strings.Repeat("0", 50)); row != want {
			t.Fatalf("row %d is %s", i, row)
		}
	}
	if len(rows) != 60000 {
		t.Errorf("%d rows", len(rows))
	}
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	// A later result replaces a spooled one.
	if got := db.Must(rw, `UPDATE t SET a = a RETURNING a, b; SELECT 5`); got != "5" {
		t.Errorf("got %.100s", got)
	}
}

// Without space for temporary files, no change is committed, and the error says
// so.
func TestSpoolWithoutRoom(t *testing.T) {
	temp := t.TempDir()
	db := open(t, func(o *engine.Options) { o.TempDir = temp })
	db.Must(rw, `CREATE TABLE t(a)`)
	if err := os.RemoveAll(temp); err != nil {
		t.Fatal(err)
	}
	db.Fails(rw, `INSERT INTO t SELECT hex(zeroblob(50)) FROM `+enginetest.Count(50000)+` RETURNING a`, errs.Engine)
	if got := db.Must(ro, `SELECT count(*) FROM t`); got != "0" {
		t.Errorf("%s rows", got)
	}
}

// A statement with RETURNING that is stopped among its rows changes no data.
func TestStoppedAmongRows(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"alone", "", ""},
		{"kept", "kept", ""},
		{"in a script", `SELECT 1; `, ""},
		{"step by step", `BEGIN; COMMIT; `, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			temp := t.TempDir()
			db := open(t, func(o *engine.Options) { o.TempDir = temp })
			db.Must(rw, `CREATE TABLE t(a); CREATE TABLE s(x)`)
			insert := `INSERT INTO t SELECT hex(zeroblob(50)) FROM s RETURNING a`
			if c.before == "kept" {
				db.Must(rw, insert)
			} else {
				insert = c.before + insert
			}
			db.Must(rw, `INSERT INTO s SELECT x FROM `+enginetest.Count(50000))
			if err := os.RemoveAll(temp); err != nil { // stops it at the first file
				t.Fatal(err)
			}
			db.Fails(rw, insert, errs.Engine)
			if got := db.Must(ro, `SELECT count(*) FROM t`); got != "0" {
				t.Errorf("%s rows", got)
			}
		})
	}
}
