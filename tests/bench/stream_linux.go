package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// streamed is a large result in one format.
type streamed struct {
	name   string
	accept string
	// row ends each row, extra is the number of its other occurrences, and tail
	// is a text at the end of the answer.
	row, tail string
	extra     int
}

const bigQuery = "SELECT id, name, price FROM big"

// streamSide is the result of one server with the large result.
type streamSide struct {
	side
	bytes int64
	idle  map[process]int64 // resident memory before
	peak  map[process]int64 // largest resident memory during the stream
}

func (b *bench) stream(ctx context.Context) error {
	return b.streams(ctx, streamed{name: "stream", row: `"]`, extra: 1, tail: `]]}`}, "rows as compatible JSON")
}

func (b *bench) ndjson(ctx context.Context) error {
	last := fmt.Sprintf("\n[%d,\"item %d\",", streamRows, streamRows) // a REAL has more than one spelling
	return b.streams(ctx, streamed{name: "ndjson", accept: "application/x-ndjson", row: "]\n", tail: last}, "rows as NDJSON")
}

// streams reads the large table from both servers in turn. Memory counts as flat
// if it grows by less than half of the answer.
func (b *bench) streams(ctx context.Context, form streamed, measure string) error {
	both, err := b.startBoth(ctx, "big")
	if err != nil {
		return err
	}
	var sides [2]*streamSide
	for i, s := range both {
		sides[i] = &streamSide{side: side{Work: form.name, Server: s.name, Conns: 1}, idle: s.memory(), peak: map[process]int64{}}
	}
	for range b.rounds {
		for i, s := range both {
			if err := sides[i].once(ctx, s, form); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	pair := comparison{&sides[0].side, &sides[1].side}
	for _, s := range pair {
		slices.Sort(s.took)
	}
	rate := pair.rates(measure, 1)
	grown := line{Measure: measure + ": memory it takes, all processes", Unit: " MB", Ayb: sides[1].grown()}
	if form.name == "ndjson" {
		rate = rate.atLeast(0.5)
		grown = grown.atMost(float64(sides[1].bytes / 2e6))
	}
	b.found.add(pair, rate, grown)
	b.found.streams = append(b.found.streams, sides[:]...)
	return nil
}

// grown returns the growth of all processes together, in MB.
func (side *streamSide) grown() (mb float64) {
	for p, peak := range side.peak {
		mb += float64(peak-side.idle[p]) / 1e6
	}
	return mb
}

func (side *streamSide) once(ctx context.Context, s *server, form streamed) error {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		side.watch(s, stop)
	}()
	defer func() { close(stop); <-stopped }()
	before, begin := s.processorTime(), time.Now()
	body, err := s.open(ctx, s.paths[0], form.accept, bigQuery)
	if err != nil {
		return err
	}
	defer body.Close()
	rows, size, end, err := countRows(body, form.row)
	if err != nil {
		return err
	}
	took := time.Since(begin)
	if rows-form.extra != streamRows || !bytes.Contains(end, []byte(form.tail)) {
		return fmt.Errorf("%d rows came, and at last %q", rows, end)
	}
	side.bytes = size
	side.add(streamRows/took.Seconds(), []time.Duration{took}, s.spentSince(before))
	return nil
}

// watch follows the memory of a server's processes until stop.
func (side *streamSide) watch(s *server, stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for p, n := range s.memory() {
			side.peak[p] = max(side.peak[p], n)
		}
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// countRows counts the ends of rows, of two bytes, in an answer as it arrives,
// and returns its size and its last bytes.
func countRows(r io.Reader, row string) (rows int, size int64, end []byte, err error) {
	buf := make([]byte, 256<<10)
	keep := 0 // earlier bytes at the beginning of buf
	const tail = 512
	for {
		n, err := r.Read(buf[keep:])
		if n > 0 {
			from := max(keep-len(row)+1, 0) // the end of a row may have been split there
			rows += bytes.Count(buf[from:keep+n], []byte(row))
			size += int64(n)
			end = buf[max(keep+n-tail, 0) : keep+n]
			keep = copy(buf, end)
			end = buf[:keep]
		}
		if errors.Is(err, io.EOF) {
			return rows, size, end, nil
		}
		if err != nil {
			return rows, size, end, err
		}
	}
}
