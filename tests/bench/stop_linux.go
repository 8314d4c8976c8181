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

// The work stop: how soon a statement that has to end gives its connection back.
// The server has one connection that reads, so that a small statement on the same
// database is answered when the endless one has ended, and not before. What
// counts is how long after the stop that is, as a multiple of what the small
// statement takes alone. It is for a quiet machine more than other works are: a
// statement that has computed for long yields to everything else that computes,
// and then is late to hear that it has to stop.
const (
	stopTries = 10 // of each way with each statement, in a round
	stopAlone = 30 // of the small statement between two stops
	stopLimit = 300 * time.Millisecond
	stopSmall = "SELECT 1"
)

// The ways in which a statement has to end.
const (
	timeLimit  = "time limit"
	clientGone = "client gone"
)

// endless are statements that are busy in different parts of the engine, and the
// largest ratio in the median. A sort hears of a stop only between the pieces that
// it sorts, and has to throw away what it has gathered.
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

// stopRound is the ratio of a round, which measures the small statement alone
// between the stops, so that a noisy moment of the machine hits both.
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

// oneReader is a server of its own that reads on one connection.
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

// small asks the small statement again and again, and tells how long each took.
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

// stopped lets a statement run and the small one wait for its connection, has the
// first reach its time limit or its client go away, and tells how long after that
// the small one is answered.
func (s *server) stopped(ctx context.Context, sql string, timed bool) (time.Duration, error) {
	during, leave := context.WithCancel(ctx)
	defer leave()
	limit := time.Minute
	if timed {
		limit = stopLimit
	}
	begin, ended := time.Now(), make(chan error, 1)
	go func() { ended <- s.endless(during, sql, limit) }()
	pause(ctx, stopLimit/3) // it has the connection then
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
		pause(ctx, stopLimit/3) // so that it waits
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

// endless asks a statement that has no end; the error is nil when it was stopped
// by its time limit, or by ctx.
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
