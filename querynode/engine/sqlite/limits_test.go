//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/errs"
)

// counter is a common table that counts to n.
func count(n int) string {
	return fmt.Sprintf(`(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT %d) SELECT x FROM n)`, n)
}

// A statement that needs too much memory fails alone.
func TestMemoryLimit(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.HeapBytes = 24 << 20 })
	db.must(rw, `CREATE TABLE t(a); INSERT INTO t VALUES (1)`)
	for _, sql := range []string{
		`SELECT length(randomblob(9000000) || ''), randomblob(9000000), randomblob(9000000), randomblob(9000000)`,
		`INSERT INTO t SELECT zeroblob(9000000) || randomblob(9000000) || randomblob(4000000)`,
		`SELECT 1; SELECT randomblob(9000000), randomblob(9000000), randomblob(9000000)`,
	} {
		m := db.fails(rw, sql, errs.SQL)
		if !strings.Contains(m, "out of memory") || !strings.Contains(m, "24 MiB") {
			t.Errorf("%s: %s", sql, m)
		}
		if got := db.must(rw, `UPDATE t SET a = a RETURNING a`) + db.must(ro, `SELECT a FROM t`); got != "11" {
			t.Errorf("after it: %q", got)
		}
	}
	m := db.fails(rw, `SELECT zeroblob(30000000)`, errs.TooLarge)
	if !strings.Contains(m, "string or blob too big") || !strings.Contains(m, "24 MiB") {
		t.Error(m)
	}
}

// Q7: a full database says so, and takes deletes and smaller things still.
func TestQ7DatabaseFull(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.DatabaseBytes = 1 << 20 })
	db.must(rw, `CREATE TABLE t(a)`)
	m := db.fails(rw, `INSERT INTO t SELECT randomblob(1000) FROM `+count(3000), errs.Full)
	if !strings.Contains(m, "database full") || !strings.Contains(m, "1 MiB") {
		t.Error(m)
	}
	db.must(rw, `INSERT INTO t SELECT randomblob(1000) FROM `+count(600))
	db.fails(rw, `INSERT INTO t SELECT 1; INSERT INTO t SELECT randomblob(1000) FROM `+count(600), errs.Full)
	if got := db.must(ro, `SELECT count(*) FROM t`); got != "600" {
		t.Errorf("%s rows", got)
	}
	db.must(rw, `DELETE FROM t WHERE rowid > 300`)
	db.must(rw, `INSERT INTO t SELECT randomblob(1000) FROM `+count(200))
	db.fails(rw, `CREATE TEMP TABLE x AS SELECT randomblob(1000) FROM `+count(3000)+`; SELECT 1`, errs.Full)
	if st, err := os.Stat(db.path); err != nil || st.Size() > 1<<20 {
		t.Errorf("%v, %v", st.Size(), err)
	}
}

// Q6: sorts and indexes larger than memory use the temporary directory.
func TestQ6LargeSorts(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.HeapBytes = 16 << 20 })
	db.must(rw, `CREATE TABLE t(a, b); INSERT INTO t SELECT hex(randomblob(400)), x FROM `+count(36000))
	if st, err := os.Stat(db.path); err != nil || st.Size() < 23<<20 {
		t.Fatalf("the table is too small: %v, %v", st, err)
	}
	if got := db.must(ro, `SELECT count(*) FROM (SELECT a, lag(a) OVER (ORDER BY a) AS b FROM t) WHERE b > a`); got != "0" {
		t.Error(got)
	}
	if got := db.must(ro, `SELECT b FROM (SELECT b FROM t ORDER BY a || '') ORDER BY b LIMIT 1`); got != "1" {
		t.Error(got)
	}
	db.must(rw, `CREATE INDEX i ON t(a)`)
	db.must(rw, `VACUUM`)
	if got := db.must(rw, `PRAGMA integrity_check`); got != "ok" {
		t.Error(got)
	}
}

// A million rows pass with a flat heap and in chunks of the right size.
func TestStreamIsFlat(t *testing.T) {
	db := open(t)
	var rows, total, longest int
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak uint64
	sink := sinkFunc(func(p []byte, _ bool) error {
		rows += bytes.Count(p, []byte("["))
		total += len(p)
		longest = max(longest, len(p))
		if rows%100_000 < 500 {
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse)
		}
		return nil
	})
	sql := `SELECT x, 'row ' || x FROM ` + count(1_000_000)
	if err := db.Run(sqlJob(sql, ro, time.Minute), sink); err != nil {
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
	sink := sinkFunc(func(p []byte, _ bool) error { total += len(p); return nil })
	runtime.ReadMemStats(&before)
	if err := db.Run(sqlJob(`SELECT zeroblob(20000000)`, ro, time.Minute), sink); err != nil {
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

// A writer's result waits for the commit, on disk if it is large, and the
// write lock does not wait for the client.
func TestSpool(t *testing.T) {
	temp := t.TempDir()
	db := open(t, func(o *engine.Options) { o.TempDir = temp })
	db.must(rw, `CREATE TABLE t(a, b)`)
	var got bytes.Buffer
	calls := 0
	sink := sinkFunc(func(p []byte, last bool) error {
		if calls++; calls == 1 {
			// Committed, and free: another writer gets through meanwhile.
			if n := db.must(rw, `INSERT INTO t VALUES (0, 0); SELECT count(*) FROM t`); n != "60001" {
				t.Errorf("%s rows are there", n)
			}
		}
		got.Write(p)
		return nil
	})
	sql := `INSERT INTO t SELECT x, hex(zeroblob(25)) FROM ` + count(60000) + ` RETURNING a, b`
	if err := db.Run(sqlJob(sql, rw, time.Minute), sink); err != nil {
		t.Fatal(err)
	}
	if got.Len() < 3*spoolMemory {
		t.Fatalf("only %d bytes", got.Len())
	}
	rows := strings.Split(flatten(t, got.String()), " ")
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
	// A later result takes the place of a spooled one.
	if got := db.must(rw, `UPDATE t SET a = a RETURNING a, b; SELECT 5`); got != "5" {
		t.Errorf("got %.100s", got)
	}
}

// Without room for temporary files nothing is committed and the error says so.
func TestSpoolWithoutRoom(t *testing.T) {
	temp := t.TempDir()
	db := open(t, func(o *engine.Options) { o.TempDir = temp })
	db.must(rw, `CREATE TABLE t(a)`)
	if err := os.RemoveAll(temp); err != nil {
		t.Fatal(err)
	}
	db.fails(rw, `INSERT INTO t SELECT hex(zeroblob(50)) FROM `+count(50000)+` RETURNING a`, errs.Engine)
	if got := db.must(ro, `SELECT count(*) FROM t`); got != "0" {
		t.Errorf("%s rows", got)
	}
}

// Small answers are one Write.
func TestSmallAnswersAreOneWrite(t *testing.T) {
	db := open(t)
	for _, sql := range []string{``, `SELECT 1`, `CREATE TABLE t(a)`, `INSERT INTO t VALUES (1) RETURNING a`, `SELECT 1; SELECT 2`, `SELECT x FROM ` + count(1000)} {
		var m memory
		if err := db.Run(sqlJob(sql, rw, 0), &m); err != nil || m.writes != 1 {
			t.Errorf("%s: %d writes, %v", sql, m.writes, err)
		}
	}
}

// The sink's error is Run's, and the database goes on.
func TestSinkFails(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.must(rw, `CREATE TABLE t(a)`)
	gone := errors.New("the client is gone")
	for _, sql := range []string{`SELECT 1`, `SELECT x FROM ` + count(1_000_000), `SELECT zeroblob(1000000)`, `INSERT INTO t VALUES (1) RETURNING a`} {
		err := db.Run(sqlJob(sql, rw, 0), sinkFunc(func([]byte, bool) error { return gone }))
		if !errors.Is(err, gone) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if got := db.must(rw, `SELECT a FROM t`); got != "1" {
		t.Errorf("got %q", got)
	}
}

// A statement with RETURNING that is stopped among its rows changes nothing.
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
			db.must(rw, `CREATE TABLE t(a); CREATE TABLE s(x)`)
			insert := `INSERT INTO t SELECT hex(zeroblob(50)) FROM s RETURNING a`
			if c.before == "kept" {
				db.must(rw, insert)
			} else {
				insert = c.before + insert
			}
			db.must(rw, `INSERT INTO s SELECT x FROM `+count(50000))
			if err := os.RemoveAll(temp); err != nil { // stops it at the first file
				t.Fatal(err)
			}
			db.fails(rw, insert, errs.Engine)
			if got := db.must(ro, `SELECT count(*) FROM t`); got != "0" {
				t.Errorf("%s rows", got)
			}
		})
	}
}
