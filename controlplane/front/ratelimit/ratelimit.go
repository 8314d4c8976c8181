// Package ratelimit limits the rate of requests by key. Its callers choose the keys.
//
// The counts are in memory, so each control plane has its own: with several of them
// the effective limit is several times as high.
package ratelimit

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/httprate"

	"github.com/ayb-go/ayb/shared/errs"
)

// burst is the number of minutes whose requests may come at once: a limit of ten a
// minute allows thirty within any three minutes.
const burst = 3

const window = burst * time.Minute

// Config holds the limit of a Limiter.
type Config struct {
	// PerMinute is the average number of accepted requests of a key in a minute.
	// Three times as many may come at once. Zero is no limit.
	PerMinute int
}

// Limiter counts requests by key. It is safe for concurrent use. A nil Limiter accepts
// every request.
type Limiter struct {
	most  int
	rates *httprate.RateLimiter
}

// New returns a Limiter, or nil without a limit. The error is Invalid for a negative one.
func New(cfg Config) (*Limiter, error) {
	if cfg.PerMinute < 0 {
		return nil, errs.E(errs.Invalid, "The rate limit can't be negative")
	}
	if cfg.PerMinute == 0 {
		return nil, nil
	}
	most := cfg.PerMinute * burst
	return &Limiter{most: most, rates: httprate.NewRateLimiter(most, window)}, nil
}

// Take counts one request of a key. At the limit, the error is RateLimited with the
// attribute errs.AttrRetryAfter, and the request is not counted.
func (l *Limiter) Take(key string) error {
	if l == nil {
		return nil
	}
	told := answer{}
	if !l.rates.OnLimit(told, &http.Request{}, key) {
		return nil
	}
	seconds := strconv.Itoa(l.wait(http.Header(told), time.Now()))
	return errs.E(errs.RateLimited, "Too many requests; try again in %s seconds", seconds).With(errs.AttrRetryAfter, seconds)
}

// wait returns the longest time until the next request is accepted, in seconds. A
// count stays until the end of its window and then decreases evenly.
func (l *Limiter) wait(told http.Header, now time.Time) int {
	rest := window
	if unix, err := strconv.ParseInt(told.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		rest = min(max(time.Unix(unix, 0).Sub(now), 0), window)
	}
	return int((rest+window/time.Duration(l.most))/time.Second) + 1
}

// answer receives the headers in which the library returns its state.
type answer http.Header

// Header implements http.ResponseWriter.
func (a answer) Header() http.Header { return http.Header(a) }

// Write implements http.ResponseWriter; the library does not call it.
func (a answer) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter; the library does not call it.
func (a answer) WriteHeader(int) {}
