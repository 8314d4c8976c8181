package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/ayb-go/ayb/tests/harness"
)

// side is what one server did in one work.
type side struct {
	rates []float64 // per second, one for each round
	took  []time.Duration
	spent map[string]time.Duration // processor time of each process
}

// rate is the median over rounds.
func (s side) rate() float64 { return median(s.rates) }

// quantile is over all requests.
func (s side) quantile(q float64) time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	return s.took[min(int(q*float64(len(s.took))), len(s.took)-1)]
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

// pair is one work of both servers.
type pair struct {
	work  string
	conns int
	sides [2]side
}

// compare lets both servers do a work in alternating rounds.
func compare(ctx context.Context, o options, both [2]*server, w work, conns int) (pair, error) {
	p := pair{work: w.name, conns: conns}
	for round := -1; round < o.rounds; round++ {
		length := o.length
		if round < 0 {
			length = o.warm
		}
		for i, s := range both {
			took, spent, err := once(ctx, s, w, conns, length)
			if err != nil {
				return p, fmt.Errorf("%s: %w", s.name, err)
			}
			if round >= 0 {
				p.sides[i].add(float64(len(took))/length.Seconds(), took, spent)
			}
		}
	}
	for i := range p.sides {
		slices.Sort(p.sides[i].took)
	}
	return p, nil
}

func (s *side) add(rate float64, took []time.Duration, spent map[string]time.Duration) {
	s.rates = append(s.rates, rate)
	s.took = append(s.took, took...)
	if s.spent == nil {
		s.spent = map[string]time.Duration{}
	}
	for name, d := range spent {
		s.spent[name] += d
	}
}

func once(ctx context.Context, s *server, w work, conns int, length time.Duration) ([]time.Duration, map[string]time.Duration, error) {
	g, err := newGenerator(s, w, conns)
	if err != nil {
		return nil, nil, err
	}
	defer g.close()
	before := s.processorTime()
	took, err := g.run(ctx, length)
	if err != nil {
		return nil, nil, err
	}
	spent := s.processorTime()
	for name := range spent {
		spent[name] -= before[name]
	}
	return took, spent, nil
}

// processes are those of a server, by role.
func (s *server) processes() map[string][]int {
	p := map[string][]int{s.name: {s.cmd.Process.Pid}}
	if daemons := harness.Children(s.cmd.Process.Pid); len(daemons) > 0 {
		p["daemon"] = daemons
	}
	return p
}

// processorTime is what each role, and this generator, have used so far.
func (s *server) processorTime() map[string]time.Duration {
	t := map[string]time.Duration{"generator": harness.ProcessorTime(os.Getpid())}
	for role, pids := range s.processes() {
		for _, pid := range pids {
			t[role] += harness.ProcessorTime(pid)
		}
	}
	return t
}

// streamSide is what one server did with the big result.
type streamSide struct {
	side
	bytes int64
	idle  map[string]int64 // resident memory of each role before
	peak  map[string]int64 // and the most while it streamed
}

type streamPair struct{ sides [2]streamSide }

// compareStreams reads the big table from both servers in turn.
func compareStreams(ctx context.Context, o options, both [2]*server) (streamPair, error) {
	var p streamPair
	for i, s := range both {
		p.sides[i].idle, p.sides[i].peak = s.memory(), map[string]int64{}
	}
	for range o.rounds {
		for i, s := range both {
			if err := p.sides[i].once(ctx, s); err != nil {
				return p, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return p, nil
}

// memory is the resident memory of each role.
func (s *server) memory() map[string]int64 {
	m := map[string]int64{}
	for role, pids := range s.processes() {
		for _, pid := range pids {
			m[role] += harness.RSS(pid)
		}
	}
	return m
}

func (side *streamSide) once(ctx context.Context, s *server) error {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			for role, n := range s.memory() {
				side.peak[role] = max(side.peak[role], n)
			}
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	before, begin := s.processorTime(), time.Now()
	body, err := s.open(ctx, "SELECT id, name, price FROM big")
	if err != nil {
		return err
	}
	defer body.Close()
	rows, size, err := countRows(body)
	if err != nil {
		return err
	}
	if rows != streamRows {
		return fmt.Errorf("%d rows came", rows)
	}
	took := time.Since(begin)
	spent := s.processorTime()
	for name := range spent {
		spent[name] -= before[name]
	}
	side.bytes = size
	side.add(float64(rows)/took.Seconds(), []time.Duration{took}, spent)
	return nil
}

// countRows counts the rows of an answer as it comes: each ends with `"]`.
func countRows(r io.Reader) (rows int, size int64, err error) {
	buf := make([]byte, 256<<10)
	var last byte
	for {
		n, err := r.Read(buf)
		if n > 0 {
			rows += bytes.Count(buf[:n], []byte(`"]`))
			if last == '"' && buf[0] == ']' {
				rows++
			}
			last = buf[n-1]
			size += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return rows - 1, size, nil // the fields end so too
		}
		if err != nil {
			return rows, size, err
		}
	}
}
