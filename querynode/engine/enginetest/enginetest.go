// Package enginetest is the conformance suite of database engines: what a query
// daemon expects of every engine, whatever its SQL. An engine runs it in a test of
// its own, and tests there what is special to it.
//
// The statements of the suite are what engines share: tables with types, WITH
// RECURSIVE, RETURNING, transactions. Checks are the helpers of the suite, for the
// tests of engines too.
package enginetest

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
)

const (
	ro = ayb.QueryReadOnly
	rw = ayb.QueryReadWrite
)

// forever is a query that does not end.
const forever = `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`

// Run runs the suite on an engine.
func Run(t *testing.T, open engine.Open) {
	s := suite{open}
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"values", s.values}, {"stored values", s.storedValues}, {"big values", s.bigValues}, {"errors", s.errors}, {"expected rows", s.expected},
		{"unknown format", s.unknownFormat}, {"modes", s.modes}, {"read-only", s.readOnly},
		{"small answers are one write", s.smallAnswersAreOneWrite}, {"sink fails", s.sinkFails},
		{"one moment per body", s.oneMomentPerBody}, {"readers do not wait", s.readersDoNotWait},
		{"timeout", s.timeout}, {"cancel before run", s.cancelBeforeRun}, {"cancel hits no other", s.cancelHitsNoOther},
		{"cancel while sink blocks", s.cancelWhileSinkBlocks}, {"sink time does not count", s.sinkTimeDoesNotCount},
		{"slow rows are sent early", s.slowRowsAreSentEarly}, {"close stops jobs", s.closeStopsJobs},
		{"database full", s.databaseFull}, {"result bytes", s.resultBytes},
		{"copy is the state", s.copyIsTheState}, {"copy of nothing", s.copyOfNothing},
		{"copy never overwrites", s.copyNeverOverwrites}, {"copy blocks no other", s.copyBlocksNoOther},
		{"receive", s.receiveFile}, {"receive once", s.receiveOnce}, {"receive refuses", s.receiveRefuses},
		{"broken body leaves nothing", s.brokenBodyLeavesNothing}, {"check of nothing", s.checkOfNothing},
		{"export rows", s.exportRows}, {"export file", s.exportFile}, {"export time limit", s.exportTimeLimit},
		{"export blocks no other", s.exportBlocksNoOther}, {"export sees one moment", s.exportSeesOneMoment},
		{"load", s.load}, {"load undone", s.loadUndone}, {"crash", s.crash},
	} {
		t.Run(c.name, c.test)
	}
}

// suite is the tests of one engine.
type suite struct{ openDB engine.Open }

// database is an open database with its checks.
type database struct {
	engine.DB
	*Checks
}

// open opens a database that does not exist yet.
func (s suite) open(t *testing.T, change ...func(*engine.Options)) *database {
	t.Helper()
	o := engine.Options{Path: filepath.Join(t.TempDir(), "data"), TempDir: t.TempDir()}
	for _, c := range change {
		c(&o)
	}
	db, err := s.openDB(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &database{db, NewChecks(t, db, o)}
}

// large makes a table whose copy takes a while.
func (db *database) large() {
	db.T.Helper()
	db.Must(rw, `CREATE TABLE big(a TEXT); INSERT INTO big SELECT `+text(1000)+` || x FROM `+Count(20_000))
}

// file returns the file of a database that was made by SQL text.
func (s suite) file(t *testing.T, sql string) []byte {
	t.Helper()
	db := s.open(t)
	db.Must(rw, sql)
	return db.Copied()
}

// received makes a database out of a file.
func (s suite) received(t *testing.T, file []byte) *database {
	t.Helper()
	db := s.open(t)
	n, _, err := db.Receive(MaintenanceJob(), bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(len(file)) {
		t.Errorf("%d bytes of %d", n, len(file))
	}
	return db
}

// text is an SQL literal of n characters.
func text(n int) string { return "'" + strings.Repeat("x", n) + "'" }

// running counts the jobs that have a connection.
func running(jobs []*engine.Job) int {
	n := 0
	for _, j := range jobs {
		if j.Running() {
			n++
		}
	}
	return n
}
