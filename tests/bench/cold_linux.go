package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fleet starts a separate ayb server with n filled databases, none of which has
// a daemon yet.
func (b *bench) fleet(ctx context.Context, name string, n int) (*server, error) {
	c := aybConfig{program: b.ayb, dir: filepath.Join(b.dir, name), debug: b.debug, env: []string{
		"AYB__LIMITS__DATABASES_PER_ACCOUNT=0", "AYB__QUERYNODE__MAX_DAEMONS=" + strconv.Itoa(n+2), "AYB__QUERYNODE__IDLE_TIMEOUT=1h",
	}}
	if b.servers != nil {
		c.debug = "" // the main server uses the address
	}
	s, err := startAyb(ctx, c)
	if err != nil {
		return nil, err
	}
	err = s.account(ctx)
	for i := 0; i < n && err == nil; i++ {
		if err = s.create(ctx, fmt.Sprintf("%s%d.sqlite", name, i)); err == nil {
			err = s.fill(ctx, s.paths[i+1], "point")
		}
	}
	s.stop() // also all daemons
	if err != nil {
		return nil, err
	}
	again, err := startAyb(ctx, c)
	if err != nil {
		return nil, err
	}
	again.token, again.paths = s.token, s.paths[1:]
	// The first request would also initialize the server itself.
	if _, err := again.ask(ctx, s.paths[0], "SELECT 1"); err != nil {
		again.stop()
		return nil, err
	}
	return again, nil
}

// first reads a row from each database, one after another, and returns the
// durations: each has the start of a daemon, its sandbox, opening the file, and
// the read.
func (s *server) first(ctx context.Context) ([]time.Duration, error) {
	w := pointRead()
	took := make([]time.Duration, 0, len(s.paths))
	for i, path := range s.paths {
		n := i%pointRows + 1
		begin := time.Now()
		got, err := s.ask(ctx, path, string(w.body(nil, n)))
		took = append(took, time.Since(begin))
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(got, w.answer(nil, n)) {
			return nil, fmt.Errorf("the answer is %q", got)
		}
	}
	slices.Sort(took)
	return took, nil
}

// coldStarts measures the first query on databases whose daemon does not run.
func (b *bench) coldStarts(ctx context.Context) error {
	s, err := b.fleet(ctx, "cold", b.cold)
	if err != nil {
		return err
	}
	defer s.stop()
	before := s.daemons()
	took, err := s.first(ctx)
	if err != nil {
		return err
	}
	if n := len(s.daemons()) - len(before); n != b.cold {
		return fmt.Errorf("%d daemons were started for %d databases", n, b.cold)
	}
	at := func(q float64) line {
		return line{Measure: fmt.Sprintf("first query on a cold database, of %d: p%g", b.cold, 100*q), Unit: " ms", Ayb: float64(quantile(took, q)) / 1e6}
	}
	b.found.add(nil, at(0.5).atMost(25), at(0.95).atMost(60))
	return nil
}

// idleDaemons measures the private memory of idle daemons that have answered one
// query each.
func (b *bench) idleDaemons(ctx context.Context) error {
	s, err := b.fleet(ctx, "idle", b.idle)
	if err != nil {
		return err
	}
	defer s.stop()
	others := s.daemons()
	if _, err := s.first(ctx); err != nil {
		return err
	}
	pids := slices.DeleteFunc(s.daemons(), func(pid int) bool { return slices.Contains(others, pid) })
	if len(pids) != b.idle {
		return fmt.Errorf("%d daemons run for %d databases", len(pids), b.idle)
	}
	var mb []float64
	err = settled(ctx, func() (string, error) {
		mb = mb[:0]
		for _, pid := range pids {
			n, err := privateMemory(pid)
			if err != nil {
				return "", err
			}
			mb = append(mb, float64(n)/1e6)
		}
		return fmt.Sprint(median(mb)), nil
	})
	if err != nil {
		return err
	}
	b.found.add(nil, line{Measure: fmt.Sprintf("private memory of an idle daemon, median of %d", b.idle), Unit: " MB", Ayb: median(mb)}.atMost(6))
	return nil
}

// settled waits until a value has been constant for 5 s, at most for a minute.
func settled(ctx context.Context, value func() (string, error)) error {
	last, since, begin := "", time.Now(), time.Now()
	return until(ctx, 2*time.Minute, "a value that stays the same", func() (bool, error) {
		v, err := value()
		if v != last {
			last, since = v, time.Now()
		}
		return time.Since(since) > 5*time.Second || time.Since(begin) > time.Minute, err
	})
}

// privateMemory returns the memory of a process that it does not share.
func privateMemory(pid int) (n int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, fmt.Errorf("daemons show their memory to root only: %w", err)
	}
	for l := range strings.Lines(string(text)) {
		f := strings.Fields(l)
		if len(f) < 2 || f[0] != "Private_Clean:" && f[0] != "Private_Dirty:" {
			continue
		}
		kb, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the memory of a daemon: %w", err)
		}
		n += kb << 10
	}
	return n, nil
}
