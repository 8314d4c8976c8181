//go:build cgo && (linux || darwin)

package importer

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// generated is CSV of five columns, made while it is read.
type generated struct {
	bytes int64 // how many are to come, about
	row   int
	rest  []byte
}

func (g *generated) Read(p []byte) (int, error) {
	if len(g.rest) == 0 {
		if g.bytes <= 0 {
			return 0, io.EOF
		}
		for len(g.rest) < 32<<10 {
			g.row++
			g.rest = fmt.Appendf(g.rest, "%d,name %d,%d.5,2024-01-%02d,some more text in row %d\n", g.row, g.row, g.row, g.row%28+1, g.row)
		}
		g.bytes -= int64(len(g.rest))
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// highest is a reader that measures Go's memory while it is read.
type highest struct {
	io.Reader
	reads int
	heap  *atomic.Uint64
}

func (h *highest) Read(p []byte) (int, error) {
	if h.reads++; h.reads%500 == 0 {
		h.look()
	}
	return h.Reader.Read(p)
}

func (h *highest) look() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.heap.Store(max(h.heap.Load(), m.HeapInuse))
}

// stepping measures the memory while rows are inserted.
type stepping struct {
	target
	h *highest
}

func (s stepping) Stopped() error {
	if s.h.reads++; s.h.reads%100 == 0 {
		s.h.look()
	}
	return s.target.Stopped()
}

// Memory does not grow with the data: 50 MB, and 1 GB with AYB_TEST_FULL.
func TestFlatMemory(t *testing.T) {
	size := int64(50 << 20)
	if os.Getenv("AYB_TEST_FULL") != "" {
		size = 1 << 30
	}
	w := start(t)
	g := &generated{bytes: size}
	var heap atomic.Uint64
	h := &highest{Reader: g, heap: &heap}
	runtime.GC()
	h.look()
	before := heap.Load()
	d, err := Receive(h, w.temp, w.limits)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }() // a file without a name
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadWrite})
	result, err := d.Import(stepping{target{w.db, job}, h}, daemonapi.ImportOptions{Format: daemonapi.TransferCSV, Table: "t"})
	if err != nil || result.Rows != int64(g.row) || result.Bytes < size {
		t.Fatalf("%+v, %v", result, err)
	}
	if grown := int64(heap.Load()) - int64(before); grown > 16<<20 {
		t.Errorf("Go's memory grew by %d bytes for %d of data", grown, result.Bytes)
	}
	if got := w.rows("SELECT count(*), min(column1), max(column1), typeof(column3) FROM t"); got != fmt.Sprintf("%d|1|%d|real", g.row, g.row) {
		t.Errorf("rows: %s", got)
	}
}

// BenchmarkImport reports rows of five columns per second, from the first byte
// to the commit.
func BenchmarkImport(b *testing.B) {
	var rows int64
	for b.Loop() {
		b.StopTimer()
		w := start(b)
		b.StartTimer()
		result, err := w.from(&generated{bytes: 20 << 20}, daemonapi.ImportOptions{Format: daemonapi.TransferCSV, Table: "t"})
		if err != nil {
			b.Fatal(err)
		}
		rows += result.Rows
		b.SetBytes(result.Bytes)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
