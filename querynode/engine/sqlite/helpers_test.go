//go:build cgo && (linux || darwin)

package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/ayb"
)

const (
	ro = ayb.QueryReadOnly
	rw = ayb.QueryReadWrite
)

// testDB is a database with helpers for queries.
type testDB struct {
	*DB
	*enginetest.Checks
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
	return &testDB{db, enginetest.NewChecks(t, db, o)}
}

// in returns the same database for a subtest.
func (db *testDB) in(t testing.TB) *testDB { return &testDB{db.DB, db.In(t)} }

// waiting returns how many jobs wait for a connection.
func (db *testDB) waiting() int {
	db.readers.mu.Lock()
	n := len(db.readers.waiting)
	db.readers.mu.Unlock()
	db.queue.mu.Lock()
	defer db.queue.mu.Unlock()
	return n + len(db.queue.waiting)
}
