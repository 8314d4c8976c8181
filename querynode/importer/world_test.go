//go:build cgo && (linux || darwin)

package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/sqlite"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// world is a database to import into, with the engine that serves tenants.
type world struct {
	t      testing.TB
	db     engine.DB
	temp   string
	limits Limits
}

func start(t testing.TB, change ...func(*engine.Options)) *world {
	t.Helper()
	o := engine.Options{Path: filepath.Join(t.TempDir(), "data.sqlite"), TempDir: t.TempDir()}
	for _, c := range change {
		c(&o)
	}
	db, err := sqlite.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	most := db.LoadLimits()
	return &world{t, db, o.TempDir, Limits{Row: int(most.RowBytes), Data: most.DataBytes, Statement: int(most.SQLBytes)}}
}

type target struct {
	engine.DB
	job *engine.Job
}

func (t target) Stopped() error { return t.job.Err() }

func (t target) Load(tx Transaction, work func(Loader) error) ([]string, error) {
	o := engine.LoadOptions{Bytes: tx.Bytes, NoForeignKeys: tx.NoForeignKeys, Commit: tx.Commit}
	return t.DB.Load(t.job, o, func(l engine.Loader) error { return work(l) })
}

func (w *world) from(body io.Reader, o daemonapi.ImportOptions) (daemonapi.ImportResult, error) {
	w.t.Helper()
	d, err := Receive(body, w.temp, w.limits)
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	defer func() { _ = d.Close() }() // a file without a name
	return d.Import(target{w.db, engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadWrite})}, o)
}

func (w *world) try(data string, o daemonapi.ImportOptions) (daemonapi.ImportResult, error) {
	w.t.Helper()
	if o.Format == "" {
		o.Format = daemonapi.TransferCSV
	}
	if o.Table == "" && o.Format != daemonapi.TransferSQL {
		o.Table = "t"
	}
	return w.from(strings.NewReader(data), o)
}

func (w *world) must(data string, o daemonapi.ImportOptions) daemonapi.ImportResult {
	w.t.Helper()
	result, err := w.try(data, o)
	if err != nil {
		w.t.Fatalf("%.100q: %v", data, err)
	}
	return result
}

// rows returns the answer to a statement: cells as SQL literals joined by |,
// rows by a space.
func (w *world) rows(sql string) string {
	w.t.Helper()
	var out bytes.Buffer
	batch := daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: sql}}, Script: true, Atomic: true}
	job := engine.NewJob(batch, engine.JobOptions{Mode: ayb.QueryReadWrite, Format: daemonapi.FormatCompat, Timeout: time.Minute})
	if err := w.db.Run(job, sink{&out}); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	var doc struct {
		Rows [][]*string `json:"rows"`
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, r := range doc.Rows {
		var cells []string
		for _, c := range r {
			if c == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, *c)
			}
		}
		all = append(all, strings.Join(cells, "|"))
	}
	return strings.Join(all, " ")
}

// csv returns the CSV export of the table.
func (w *world) csv(table string) string {
	w.t.Helper()
	return w.export(daemonapi.TransferCSV, table)
}

func (w *world) export(format daemonapi.TransferFormat, table string) string {
	w.t.Helper()
	var out bytes.Buffer
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadOnly})
	if err := w.db.Export(job, daemonapi.ExportOptions{Format: format, Table: table, Remarks: strings.HasPrefix(w.t.Name(), "TestRoundTripOfTables/")}, "", sink{&out}); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

type sink struct{ *bytes.Buffer }

func (s sink) Write(p []byte, _ bool) error {
	_, err := s.Buffer.Write(p)
	return err
}

func columnsOf(result daemonapi.ImportResult) string {
	var b strings.Builder
	for _, c := range result.Columns {
		fmt.Fprintf(&b, "%s:%s ", c.Name, c.Type)
	}
	return strings.TrimSpace(b.String())
}

// all reads all rows, as quoted cells.
func all(r rows) (out []string, err error) {
	for {
		got, err := r.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		line := fmt.Sprintf("%d %v", got.line, got.bad)
		for _, c := range got.cells {
			line += fmt.Sprintf(" %d%q", c.kind, c.data)
		}
		out = append(out, line)
	}
}
