package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report prints the tables.
func report(out io.Writer, f findings) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	reportSides(t, f.sides)
	reportStreams(t, f.streams)
	_ = t.Flush() // as in flush
	for _, note := range f.notes {
		note(out)
	}
	fmt.Fprintln(t, "result\tfloor\tayb\tratio\tof rounds\ttarget\t")
	for _, l := range f.lines {
		floor, ratio, rounds := "", "", ""
		if l.Floor > 0 {
			floor, ratio = amount(l.Floor, l.Unit), fmt.Sprintf("%.2f", l.Ratio)
		}
		if l.High > 0 {
			rounds = fmt.Sprintf("%.2f–%.2f", l.Low, l.High)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Measure, floor, amount(l.Ayb, l.Unit), ratio, rounds, l.Target, l.Verdict)
	}
	flush(t, out)
}

// amount prints a number with its unit, with a useful number of digits.
func amount(n float64, unit string) string {
	if n >= 100 || n == 0 {
		return fmt.Sprintf("%.0f%s", n, unit)
	}
	return fmt.Sprintf("%.3g%s", n, unit)
}

// reportSides prints the durations of requests and the processor time of each
// process.
func reportSides(t *tabwriter.Writer, sides []*side) {
	if len(sides) == 0 {
		return
	}
	fmt.Fprintln(t, "work\tconnections\tserver\trequests/s\tp50\tp99\tprocessor time per request\t")
	for _, s := range sides {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", s.Work, s.Conns, s.Server, amount(s.rate(), ""),
			short(s.quantile(0.5)), short(s.quantile(0.99)), shares(s.spent, len(s.took)))
	}
	flush(t, t)
}

func reportStreams(t *tabwriter.Writer, sides []*streamSide) {
	if len(sides) == 0 {
		return
	}
	fmt.Fprintf(t, "%d rows\tserver\tanswer\tMB/s\tprocessor time per row\tmemory before → peak\t\n", streamRows)
	for _, s := range sides {
		mb := float64(s.bytes) / 1e6
		fmt.Fprintf(t, "%s\t%s\t%.0f MB\t%.0f\t%s\t%s\t\n", s.Work, s.Server, mb, mb/streamRows*s.rate(),
			shares(s.spent, streamRows*len(s.Rates)), memory(s.idle, s.peak))
	}
	flush(t, t)
}

// flush ends a table.
func flush(t *tabwriter.Writer, out io.Writer) {
	_ = t.Flush() // there is no other place for the error
	fmt.Fprintln(out)
}

func shares(spent map[string]time.Duration, n int) string {
	var s []string
	for _, name := range slices.Sorted(maps.Keys(spent)) {
		s = append(s, name+" "+short(spent[name]/time.Duration(max(n, 1))))
	}
	return strings.Join(s, ", ")
}

// memory returns the idle and the peak memory of processes as a text.
func memory(idle, peak map[process]int64) string {
	var s []string
	for _, p := range slices.SortedFunc(maps.Keys(peak), func(a, b process) int { return cmp.Compare(a.role, b.role) }) {
		s = append(s, fmt.Sprintf("%s %.0f → %.0f MB", p.role, float64(idle[p])/1e6, float64(peak[p])/1e6))
	}
	return strings.Join(s, ", ")
}

// short formats a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3gµs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}
