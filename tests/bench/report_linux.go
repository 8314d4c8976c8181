package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints the tables.
func report(out io.Writer, pairs []pair, stream *streamPair) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(pairs) > 0 {
		fmt.Fprintln(t, "work\tconnections\tfloor req/s\tayb req/s\tratio\tfloor p50\tp99\tayb p50\tp99\t")
	}
	for _, p := range pairs {
		f, a := p.sides[0], p.sides[1]
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t\n", p.work, p.conns, f.rate(), a.rate(), a.rate()/f.rate(),
			short(f.quantile(0.5)), short(f.quantile(0.99)), short(a.quantile(0.5)), short(a.quantile(0.99)))
	}
	flush(t, out)
	if len(pairs) > 0 {
		fmt.Fprintln(t, "processor time per request\tconnections\tserver\tby process\t")
	}
	for _, p := range pairs {
		for i, name := range []string{"floor", "ayb"} {
			s := p.sides[i]
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t\n", p.work, p.conns, name, shares(s.spent, len(s.took)))
		}
	}
	flush(t, out)
	if stream != nil {
		reportStream(t, stream)
	}
	flush(t, out)
}

func reportStream(t *tabwriter.Writer, p *streamPair) {
	fmt.Fprintf(t, "stream of %d rows\trows/s\tMB/s\tratio\tprocessor time per row\tmemory before → peak\t\n", streamRows)
	floor := p.sides[0].rate()
	for i, name := range []string{"floor", "ayb"} {
		s := p.sides[i]
		mb := float64(s.bytes) / 1e6 / streamRows * s.rate()
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.2f\t%s\t%s\t\n", name, s.rate(), mb, s.rate()/floor,
			shares(s.spent, streamRows*len(s.rates)), memory(s.idle, s.peak))
	}
}

func flush(t *tabwriter.Writer, out io.Writer) {
	_ = t.Flush() // what cannot be printed cannot be complained about either
	fmt.Fprintln(out)
}

func shares(spent map[string]time.Duration, n int) string {
	var s string
	for _, name := range slices.Sorted(maps.Keys(spent)) {
		s += fmt.Sprintf("  %s %s", name, short(spent[name]/time.Duration(max(n, 1))))
	}
	return s
}

func memory(idle, peak map[string]int64) string {
	var s string
	for _, name := range slices.Sorted(maps.Keys(peak)) {
		s += fmt.Sprintf("  %s %.0f → %.0f MB", name, float64(idle[name])/1e6, float64(peak[name])/1e6)
	}
	return s
}

// short prints a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3gµs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}
