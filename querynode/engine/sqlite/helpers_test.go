//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	ro = ayb.QueryReadOnly
	rw = ayb.QueryReadWrite
)

// sqlJob is a job of plain SQL text with the compatible answer.
func sqlJob(sql string, mode ayb.QueryLevel, timeout time.Duration) *engine.Job {
	return engine.NewJob(script(sql), engine.JobOptions{Mode: mode, Format: daemonapi.FormatCompat, Timeout: timeout})
}

func script(sql string) daemonapi.Batch {
	return daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: sql}}, Script: true, Atomic: true}
}

// testDB is a database and short ways to query it.
type testDB struct {
	*DB
	t    testing.TB
	path string
}

// open opens a database that does not exist yet.
func open(t testing.TB, change ...func(*engine.Options)) *testDB {
	t.Helper()
	o := engine.Options{Path: filepath.Join(t.TempDir(), "data.sqlite"), TempDir: t.TempDir()}
	for _, c := range change {
		c(&o)
	}
	db, err := openDB(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &testDB{db, t, o.Path}
}

// in is the same database in a subtest.
func (db *testDB) in(t testing.TB) *testDB { return &testDB{db.DB, t, db.path} }

// memory is a sink that keeps everything.
type memory struct {
	bytes.Buffer
	writes, longest int
	done            bool
}

func (m *memory) Write(p []byte, last bool) error {
	if m.done {
		panic("Write after last")
	}
	m.writes++
	m.longest = max(m.longest, len(p))
	m.done = last
	_, err := m.Buffer.Write(p)
	return err
}

// sinkFunc is a sink made of a function.
type sinkFunc func(p []byte, last bool) error

func (f sinkFunc) Write(p []byte, last bool) error { return f(p, last) }

// try runs a body and returns what came out.
func (db *testDB) try(mode ayb.QueryLevel, sql string) (string, error) {
	db.t.Helper()
	var m memory
	err := db.Run(sqlJob(sql, mode, time.Minute), &m)
	if (err == nil) != m.done {
		db.t.Errorf("%.80q: error %v, last write seen: %v", sql, err, m.done)
	}
	if m.longest > encode.ChunkBytes {
		db.t.Errorf("%.80q: a chunk has %d bytes", sql, m.longest)
	}
	return m.String(), err
}

// must runs a body that has to succeed and returns its rows as text: cells
// joined by |, rows by a space.
func (db *testDB) must(mode ayb.QueryLevel, sql string) string {
	db.t.Helper()
	out, err := db.try(mode, sql)
	if err != nil {
		db.t.Fatalf("%.200s: %v", sql, err)
	}
	return flatten(db.t, out)
}

// fails runs a body that has to fail with a code and returns the message.
func (db *testDB) fails(mode ayb.QueryLevel, sql string, code errs.Code) string {
	db.t.Helper()
	out, err := db.try(mode, sql)
	if errs.CodeOf(err) != code {
		db.t.Fatalf("%.200s: got %.200s, %v; want code %s", sql, out, err, code)
	}
	if strings.Contains(err.Error(), filepath.Dir(db.path)) {
		db.t.Errorf("%.200s: the message names a path: %v", sql, err)
	}
	return errs.Public(err).Message
}

func flatten(t testing.TB, out string) string {
	t.Helper()
	var doc struct {
		Fields []string    `json:"fields"`
		Rows   [][]*string `json:"rows"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: %.300s", err, out)
	}
	var rows []string
	for _, row := range doc.Rows {
		if len(row) != len(doc.Fields) {
			t.Fatalf("row of %d cells under %d fields: %.300s", len(row), len(doc.Fields), out)
		}
		var cells []string
		for _, c := range row {
			if c == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, *c)
			}
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return strings.Join(rows, " ")
}

// wait polls until cond holds.
func wait(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited too long: %s", what)
		}
	}
}

// runGroup runs f n times at once and waits.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// waiting tells how many jobs wait for a connection.
func (db *testDB) waiting() int {
	db.readers.mu.Lock()
	n := len(db.readers.waiting)
	db.readers.mu.Unlock()
	db.queue.mu.Lock()
	defer db.queue.mu.Unlock()
	return n + len(db.queue.waiting)
}
