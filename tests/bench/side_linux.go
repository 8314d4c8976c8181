package main

import (
	"os"
	"slices"
	"time"

	"github.com/ayb-go/ayb/tests/harness"
)

// side is the result of one server in one work.
type side struct {
	Work   string    `json:"work"`
	Server string    `json:"server"`
	Conns  int       `json:"connections"`
	Rates  []float64 `json:"rates"` // per second, one for each round
	took   []time.Duration
	spent  map[string]time.Duration // processor time of each process
}

// comparison is one work of several servers, the floor first.
type comparison []*side

func (s *side) add(rate float64, took []time.Duration, spent map[string]time.Duration) {
	s.Rates = append(s.Rates, rate)
	s.took = append(s.took, took...)
	if s.spent == nil {
		s.spent = map[string]time.Duration{}
	}
	for name, d := range spent {
		s.spent[name] += d
	}
}

// rate returns the median over rounds.
func (s *side) rate() float64 { return median(s.Rates) }

// quantile returns a quantile over all requests.
func (s *side) quantile(q float64) time.Duration { return quantile(s.took, q) }

// quantile returns a quantile of sorted durations; 0 without any.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

// rates compares requests per second; units is the number of units in a request.
func (c comparison) rates(measure string, units float64) line {
	floor, ayb := c[0], c[1]
	l := compared(measure, "/s", floor.rate()*units, ayb.rate()*units)
	for i := range min(len(floor.Rates), len(ayb.Rates)) {
		r := ayb.Rates[i] / floor.Rates[i]
		if i == 0 {
			l.Low, l.High = r, r
		}
		l.Low, l.High = min(l.Low, r), max(l.High, r)
	}
	return l
}

// medians compares the median durations of requests.
func (c comparison) medians(measure string) line {
	ms := func(s *side) float64 { return float64(s.quantile(0.5)) / 1e6 }
	return compared(measure+": p50", " ms", ms(c[0]), ms(c[1]))
}

// processes returns the processes of a server, by role.
func (s *server) processes() map[string][]int {
	p := map[string][]int{s.name: {s.pid()}}
	if daemons := s.daemons(); len(daemons) > 0 {
		p["daemon"] = daemons
	}
	return p
}

func (s *server) pid() int { return s.cmd.Process.Pid }

func (s *server) daemons() []int { return harness.Children(s.pid()) }

// processorTime returns the processor time of each role, and of this generator,
// so far.
func (s *server) processorTime() map[string]time.Duration {
	t := map[string]time.Duration{"generator": harness.ProcessorTime(os.Getpid())}
	for role, pids := range s.processes() {
		for _, pid := range pids {
			t[role] += harness.ProcessorTime(pid)
		}
	}
	return t
}

func (s *server) spentSince(before map[string]time.Duration) map[string]time.Duration {
	spent := s.processorTime()
	for role := range spent {
		spent[role] -= before[role]
	}
	return spent
}

// process is one of a server's processes.
type process struct {
	role string
	pid  int
}

// memory returns the resident memory of each process.
func (s *server) memory() map[process]int64 {
	m := map[process]int64{}
	for role, pids := range s.processes() {
		for _, pid := range pids {
			m[process{role, pid}] = harness.RSS(pid)
		}
	}
	return m
}
