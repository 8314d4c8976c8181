package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// The work noisy: one account reads single rows at a moderate, fixed rate, while
// another one overloads the server. Latency counts from the moment at which a
// request was due, so that a slow server cannot reduce the load. The generator's
// thread has real-time priority: it stands for clients on other machines, which
// the load does not slow down.
const (
	noisyName  = "noisy"
	quietConns = 4
	quietPace  = 2 * time.Millisecond
	// noisyTarget is the largest ratio of the two p99.
	noisyTarget = 1.5
)

// noise is the load of the noisy account: its statements, their databases, and
// how many run at the same time.
var noise = []struct {
	database string
	times    int
	sql      string
}{
	{"first.sqlite", 4, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c WHERE x < 0"},
	{"second.sqlite", 4, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT sum(x*x % 7) FROM c WHERE x < 0"},
	{"third.sqlite", 2, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 200000) SELECT count(*) FROM (SELECT randomblob(1000) AS r FROM c ORDER BY r)"},
	{"fourth.sqlite", 2, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT length(group_concat(x || 'memory')) FROM c"},
}

// noisyResult is the result for the quiet account.
type noisyResult struct {
	alone, beside [][]time.Duration // by round
	asked         int64             // by the noisy account
	spent         map[string]time.Duration
}

// noisy measures the quiet account, and prints details at the end.
func (b *bench) noisy(ctx context.Context) error {
	both, err := b.startBoth(ctx, "point")
	if err != nil {
		return err
	}
	r, err := runNoisy(ctx, b.options, both[1])
	if err != nil {
		return err
	}
	ratio := float64(medianOfQuantiles(r.beside, 0.99)) / float64(medianOfQuantiles(r.alone, 0.99))
	b.found.add(nil, line{Measure: "noisy: p99 beside another account's noise ÷ p99 alone", Ayb: ratio}.atMost(noisyTarget))
	b.found.notes = append(b.found.notes, func(out io.Writer) { reportNoisy(out, r) })
	return nil
}

// runNoisy measures the quiet account alone and beside the noisy one, in
// alternating rounds.
func runNoisy(ctx context.Context, o options, ayb *server) (noisyResult, error) {
	var r noisyResult
	token, err := ayb.register(ctx, noisyName)
	if err != nil {
		return r, fmt.Errorf("make the noisy account: %w", err)
	}
	var loud []*server
	for _, n := range noise {
		s, err := ayb.tenant(ctx, n.database, token)
		if err != nil {
			return r, fmt.Errorf("make the noisy databases: %w", err)
		}
		loud = append(loud, s)
	}
	for round := -1; round < o.rounds; round++ {
		length := o.length
		if round < 0 {
			length = o.warm
		}
		alone, err := readQuietly(ctx, ayb, length)
		if err != nil {
			return r, err
		}
		before := ayb.processorTime()
		asked, beside, err := besideNoise(ctx, ayb, loud, length)
		if err != nil {
			return r, err
		}
		if round >= 0 {
			slices.Sort(alone)
			slices.Sort(beside)
			r.alone, r.beside = append(r.alone, alone), append(r.beside, beside)
			r.asked += asked
			r.spent = ayb.processorTime()
			for name := range r.spent {
				r.spent[name] -= before[name]
			}
		}
	}
	return r, nil
}

// besideNoise measures the quiet account during the load.
func besideNoise(ctx context.Context, ayb *server, loud []*server, length time.Duration) (int64, []time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	var asked atomic.Int64
	defer running.Wait()
	defer stop()
	for i, n := range noise {
		for range n.times {
			running.Go(func() { makeNoise(ctx, loud[i], n.sql, &asked) })
		}
	}
	for deadline := time.Now().Add(10 * time.Second); asked.Load() < int64(len(noise)); {
		if time.Now().After(deadline) {
			return 0, nil, errors.New("the noise does not begin")
		}
		runtime.Gosched()
	}
	took, err := readQuietly(ctx, ayb, length)
	return asked.Load(), took, err
}

// makeNoise repeats a statement. The server may refuse or stop it.
func makeNoise(ctx context.Context, s *server, sql string, asked *atomic.Int64) {
	for ctx.Err() == nil {
		asked.Add(1)
		if _, err := s.ask(ctx, s.paths[0], sql); err == nil {
			continue
		}
		select { // so that refused requests do not become a flood
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tenant is a database of the noisy account on the same server.
func (s *server) tenant(ctx context.Context, database, token string) (*server, error) {
	t := &server{name: s.name, addr: s.addr, token: token, paths: []string{httpapi.DatabasePath(noisyName, database, "query")}, cmd: s.cmd}
	t.client.Transport = s.client.Transport
	owner, err := s.api(token)
	if err != nil {
		return nil, err
	}
	_, err = owner.CreateDatabase(ctx, noisyName, database, httpapi.CreateDatabaseRequest{DBType: "sqlite"})
	return t, err
}

// readQuietly reads single rows for a time, one each quietPace, and returns the
// durations.
func readQuietly(ctx context.Context, s *server, length time.Duration) ([]time.Duration, error) {
	g, err := newGenerator(s, pointRead(), quietConns)
	if err != nil {
		return nil, err
	}
	defer g.close()
	timer, err := g.ticker(quietPace)
	if err != nil {
		return nil, err
	}
	defer unix.Close(timer)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Without the privilege the server's figures are a little worse.
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK}, 0)
	defer func() {
		_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}, 0) // back to the default
	}()
	return g.pace(ctx, timer, quietPace, int(length/quietPace))
}

// ticker adds a timer to the generator's descriptors, with a number that is not
// a connection.
func (g *generator) ticker(every time.Duration) (int, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	t := unix.NsecToTimespec(int64(every))
	err = errors.Join(unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: t, Value: t}, nil),
		unix.EpollCtl(g.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(g.wires))}))
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// pace sends n requests, one at each tick, on a free connection.
func (g *generator) pace(ctx context.Context, timer int, every time.Duration, n int) ([]time.Duration, error) {
	begin, sent, free := time.Now(), 0, make([]*wire, 0, len(g.wires))
	for i := range g.wires {
		free = append(free, &g.wires[i])
	}
	events, count := make([]unix.EpollEvent, len(g.wires)+1), make([]byte, 8)
	for due := 0; len(g.took) < n; {
		k, err := unix.EpollWait(g.poll, events, 10_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || k == 0 {
			return nil, fmt.Errorf("no answer for 10 s: %w", errors.Join(err, ctx.Err()))
		}
		for _, e := range events[:k] {
			if int(e.Fd) == len(g.wires) {
				if _, err := unix.Read(timer, count); err != nil {
					return nil, err
				}
				due = min(n, int(time.Since(begin)/every))
				continue
			}
			w := &g.wires[e.Fd]
			whole, err := g.receive(w)
			if err != nil {
				return nil, err
			}
			if whole {
				g.took = append(g.took, time.Since(w.begun))
				free = append(free, w)
			}
		}
		for ; sent < due && len(free) > 0; sent++ {
			w := free[0]
			free = append(free[:0], free[1:]...)
			if err := g.send(w); err != nil {
				return nil, err
			}
			w.begun = begin.Add(time.Duration(sent+1) * every) // when it was due
		}
	}
	return g.took, nil
}

// reportNoisy prints both results and their ratio.
func reportNoisy(out io.Writer, r noisyResult) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "noisy: point reads of another account\tp50\tp90\tp99\tp99.9\t")
	marks := []float64{0.5, 0.9, 0.99, 0.999}
	row := func(name string, value func(q float64) string) {
		fmt.Fprintf(t, "%s\t", name)
		for _, q := range marks {
			fmt.Fprintf(t, "%s\t", value(q))
		}
		fmt.Fprintln(t)
	}
	row("alone", func(q float64) string { return short(medianOfQuantiles(r.alone, q)) })
	row("beside the noise", func(q float64) string { return short(medianOfQuantiles(r.beside, q)) })
	row("ratio", func(q float64) string {
		return fmt.Sprintf("%.2f", float64(medianOfQuantiles(r.beside, q))/float64(medianOfQuantiles(r.alone, q)))
	})
	flush(t, out)
	fmt.Fprintf(out, "medians of %d rounds; the noise asked %d times; processor time in the last round: %s\n\n", len(r.alone), r.asked, shares(r.spent, 1))
}

// medianOfQuantiles returns the median over rounds of a quantile, so that one disturbed
// round does not count.
func medianOfQuantiles(rounds [][]time.Duration, q float64) time.Duration {
	var each []float64
	for _, took := range rounds {
		each = append(each, float64(quantile(took, q)))
	}
	return time.Duration(median(each))
}
