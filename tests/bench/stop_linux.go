package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The work stop: the time until a stopped statement frees its connection. The
// server has one connection that reads, so a small statement on the same database
// is answered only after the end of the endless one. The result is the time from
// the stop to that answer, as a multiple of the time of the small statement alone.
// It needs a quiet machine: a statement that has computed for long has a low
// priority, and on a busy machine it notices the stop late.
const (
	stopTries = 10 // stops of each kind for each statement, in a round
	stopAlone = 30 // repetitions of the small statement between two stops
	stopLimit = 300 * time.Millisecond
	stopSmall = "SELECT 1"
)

// The ways to stop a statement.
const (
	timeLimit  = "time limit"
	clientGone = "client gone"
)

// endless are statements that compute in different parts of the engine, with the
// largest allowed median ratio. A sort notices a stop only between the pieces that
// it sorts, and must free its memory.
var endless = []struct {
	name, sql string
	target    float64
}{
	{"recursion", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c", 20},
	{"sort", "SELECT a.name, b.name FROM point a, point b ORDER BY a.price * b.price % 1000, a.name, b.name", 250},
	{"join", "SELECT count(*) FROM point a, point b, point c WHERE a.name || b.name LIKE '%1%2%3%' || c.price", 20},
}

// stopping measures both ways with each of the endless statements.
func (b *bench) stopping(ctx context.Context) error {
	ayb, err := b.oneReader(ctx)
	if err != nil {
		return err
	}
	defer ayb.stop()
	for _, way := range []string{timeLimit, clientGone} {
		for _, e := range endless {
			var ratios []float64
			for range b.rounds {
				r, err := ayb.stopRound(ctx, e.sql, way == timeLimit)
				if err != nil {
					return fmt.Errorf("%s of a %s: %w", way, e.name, err)
				}
				ratios = append(ratios, r)
			}
			b.found.add(nil, line{
				Measure: fmt.Sprintf("stop: %s, %s: time to the next answer ÷ its p50 alone", e.name, way),
				Ayb:     median(ratios), Low: slices.Min(ratios), High: slices.Max(ratios),
			}.atMost(e.target))
		}
	}
	return nil
}

// stopRound returns the ratio of a round. It measures the small statement alone
// between the stops, so that a disturbance of the machine affects both.
func (s *server) stopRound(ctx context.Context, sql string, timed bool) (float64, error) {
	var took, alone []time.Duration
	for range stopTries {
		some, err := s.small(ctx, stopAlone)
		if err != nil {
			return 0, err
		}
		alone = append(alone, some...)
		d, err := s.stopped(ctx, sql, timed)
		if err != nil {
			return 0, err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	slices.Sort(alone)
	return float64(quantile(took, 0.5)) / float64(quantile(alone, 0.5)), nil
}

// oneReader starts a separate server that reads on one connection.
func (b *bench) oneReader(ctx context.Context) (*server, error) {
	s, err := startAyb(ctx, aybConfig{program: b.ayb, dir: filepath.Join(b.dir, "stop"), env: []string{"AYB__QUERYNODE__READERS=1"}})
	if err != nil {
		return nil, err
	}
	if err = s.account(ctx); err == nil {
		err = s.fill(ctx, s.paths[0], "point")
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// small repeats the small statement, and returns the durations.
func (s *server) small(ctx context.Context, times int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, times)
	for range times {
		begin := time.Now()
		if _, err := s.ask(ctx, s.paths[0], stopSmall); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin))
	}
	return took, nil
}

// stopped runs a statement and lets the small one wait for its connection. The
// first is stopped by its time limit or by a disconnect; the result is the time
// from then until the small one is answered.
func (s *server) stopped(ctx context.Context, sql string, timed bool) (time.Duration, error) {
	during, leave := context.WithCancel(ctx)
	defer leave()
	limit := time.Minute
	if timed {
		limit = stopLimit
	}
	begin, ended := time.Now(), make(chan error, 1)
	go func() { ended <- s.endless(during, sql, limit) }()
	pause(ctx, stopLimit/3) // now it has the connection
	type answer struct {
		at  time.Time
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		_, err := s.ask(ctx, s.paths[0], stopSmall)
		answered <- answer{time.Now(), err}
	}()
	moment := begin.Add(stopLimit)
	if !timed {
		pause(ctx, stopLimit/3) // now the small one waits
		moment = time.Now()
		leave()
	}
	next := <-answered
	switch err := errors.Join(next.err, <-ended); {
	case err != nil:
		return 0, err
	case next.at.Before(moment):
		return 0, errors.New("the small statement did not wait for the endless one")
	}
	return next.at.Sub(moment), nil
}

// endless runs an endless statement; the error is nil if its time limit or ctx
// stopped it.
func (s *server) endless(ctx context.Context, sql string, limit time.Duration) error {
	body := fmt.Sprintf(`{"sql":%q,"timeout_ms":%d}`, sql, limit.Milliseconds())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url()+s.paths[0], strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	switch {
	case errors.Is(err, context.Canceled):
		return nil
	case err != nil:
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusRequestTimeout {
		return errors.Join(err, fmt.Errorf("the endless statement ended with status %d: %s", resp.StatusCode, text))
	}
	return err
}
