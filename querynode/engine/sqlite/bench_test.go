//go:build cgo && (linux || darwin)

package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

const batchRows = 1000

// insertBatch is a batch of inserts with values.
func insertBatch() daemonapi.Batch {
	b := daemonapi.Batch{Atomic: true}
	for i := range batchRows {
		b.Statements = append(b.Statements, daemonapi.Statement{
			SQL:    `INSERT INTO t(a, b) VALUES (?, ?)`,
			Params: daemonapi.Params{Positional: []daemonapi.Value{{Kind: daemonapi.Integer, Integer: int64(i)}, {Kind: daemonapi.Text, Bytes: []byte("some text")}}},
		})
	}
	return b
}

// perRow reports the time for one row of a batch.
func perRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchRows), "ns/row")
}

// BenchmarkBatch is a batch of inserts in one request. Compare with
// BenchmarkDriver, which executes a prepared statement in one transaction.
func BenchmarkBatch(b *testing.B) {
	for _, f := range []daemonapi.Format{daemonapi.FormatJSON, daemonapi.FormatNDJSON} {
		b.Run(fmt.Sprint(f), func(b *testing.B) {
			db := open(b)
			db.Must(rw, `CREATE TABLE t(a, b)`)
			batch := insertBatch()
			discard := enginetest.SinkFunc(func([]byte, bool) error { return nil })
			for b.Loop() {
				if err := db.Run(engine.NewJob(batch, engine.JobOptions{Mode: rw, Format: f}), discard); err != nil {
					b.Fatal(err)
				}
			}
			perRow(b)
		})
	}
}

// BenchmarkDriver is the comparison for BenchmarkBatch.
func BenchmarkDriver(b *testing.B) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(b.TempDir(), "data.sqlite")+"?_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, `CREATE TABLE t(a, b)`); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := insertByDriver(ctx, db); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b)
}

func insertByDriver(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	st, err := tx.PrepareContext(ctx, `INSERT INTO t(a, b) VALUES (?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }() // nothing is left to fail
	for i := range batchRows {
		if _, err := st.ExecContext(ctx, i, "some text"); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// BenchmarkPoint is one read by key, of a compiled statement.
func BenchmarkPoint(b *testing.B) {
	for _, f := range []daemonapi.Format{daemonapi.FormatCompat, daemonapi.FormatJSON} {
		b.Run(fmt.Sprint(f), func(b *testing.B) {
			db := open(b)
			db.Must(rw, `CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t SELECT x, x * 2, 'text ' || x FROM `+enginetest.Count(10000))
			batch := daemonapi.Batch{Atomic: true, Statements: []daemonapi.Statement{{
				SQL: `SELECT id, a, b FROM t WHERE id = ?`, Params: daemonapi.Params{Positional: []daemonapi.Value{{Kind: daemonapi.Integer, Integer: 77}}},
			}}}
			discard := enginetest.SinkFunc(func([]byte, bool) error { return nil })
			for b.Loop() {
				if err := db.Run(engine.NewJob(batch, engine.JobOptions{Mode: ro, Format: f}), discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStream is a million rows of lines.
func BenchmarkStream(b *testing.B) {
	for _, f := range []daemonapi.Format{daemonapi.FormatCompat, daemonapi.FormatNDJSON, daemonapi.FormatCSV} {
		b.Run(fmt.Sprint(f), func(b *testing.B) {
			db := open(b)
			db.Must(rw, `CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t SELECT x, x * 0.5, 'text ' || x FROM `+enginetest.Count(1_000_000))
			discard := enginetest.SinkFunc(func([]byte, bool) error { return nil })
			for b.Loop() {
				if err := db.Run(engine.NewJob(enginetest.Script(`SELECT * FROM t`), engine.JobOptions{Mode: ro, Format: f}), discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
