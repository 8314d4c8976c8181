package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// line is one result. Floor and Ratio are zero if there is nothing to compare
// with.
type line struct {
	Measure string  `json:"measure"`
	Unit    string  `json:"unit"`
	Floor   float64 `json:"floor,omitempty"`
	Ayb     float64 `json:"ayb"`
	Ratio   float64 `json:"ratio,omitempty"`
	// Low and High are the lowest and the highest ratio of a round.
	Low  float64 `json:"ratio_low,omitempty"`
	High float64 `json:"ratio_high,omitempty"`
	// Target and Verdict ("pass" or "MISS") are empty without a target.
	Target  string `json:"target,omitempty"`
	Verdict string `json:"verdict,omitempty"`
}

func compared(measure, unit string, floor, ayb float64) line {
	return line{Measure: measure, Unit: unit, Floor: floor, Ayb: ayb, Ratio: ayb / floor}
}

// atLeast sets the target: at least so many times the floor, or this value
// without a floor.
func (l line) atLeast(limit float64) line {
	return l.target("≥", limit, l.measured() >= limit)
}

// atMost sets the target: at most so many times the floor, or this value without
// a floor.
func (l line) atMost(limit float64) line {
	return l.target("≤", limit, l.measured() <= limit)
}

func (l line) measured() float64 {
	if l.Floor > 0 {
		return l.Ratio
	}
	return l.Ayb
}

func (l line) target(sign string, limit float64, met bool) line {
	l.Target, l.Verdict = fmt.Sprintf("%s %g%s", sign, limit, l.Unit), "MISS"
	if l.Floor > 0 {
		l.Target = fmt.Sprintf("%s %g × floor", sign, limit)
	}
	if met {
		l.Verdict = "pass"
	}
	return l
}

// findings are all results.
type findings struct {
	lines   []line
	sides   []*side
	streams []*streamSide
	notes   []func(io.Writer) // further output of works
}

func (f *findings) add(sides comparison, lines ...line) {
	f.sides = append(f.sides, sides...)
	f.lines = append(f.lines, lines...)
}

// findingsFile is the document that -json writes.
type findingsFile struct {
	Time    time.Time      `json:"time"`
	Machine machine        `json:"machine"`
	Rounds  int            `json:"rounds"`
	Seconds float64        `json:"seconds_of_a_round"`
	Results []line         `json:"results"`
	Sides   []findingsSide `json:"sides"`
}

type machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Kernel    string `json:"kernel"`
	Go        string `json:"go"`
}

// findingsSide is a side with the values in the tables.
type findingsSide struct {
	*side
	P50   float64            `json:"p50_ms"`
	P99   float64            `json:"p99_ms"`
	Spent map[string]float64 `json:"processor_us_per_request"`
}

// writeFindings writes the results to a file.
func writeFindings(o options, f findings) error {
	k := findingsFile{Time: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Rounds: o.rounds, Seconds: o.length.Seconds(), Results: f.lines}
	for _, s := range f.sides {
		one := findingsSide{side: s, P50: float64(s.quantile(0.5)) / 1e6, P99: float64(s.quantile(0.99)) / 1e6, Spent: map[string]float64{}}
		for role, d := range s.spent {
			one.Spent[role] = float64(d) / 1e3 / float64(max(len(s.took), 1))
		}
		k.Sides = append(k.Sides, one)
	}
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	return os.WriteFile(o.keep, append(text, '\n'), 0o644)
}

func thisMachine() machine {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version()}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	info, _ := os.ReadFile("/proc/cpuinfo") // the name of the processor is optional
	if _, rest, ok := strings.Cut(string(info), "model name\t: "); ok {
		m.Processor, _, _ = strings.Cut(rest, "\n")
	}
	return m
}
