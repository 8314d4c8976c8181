// Package ratelimit counts what callers ask for and says when it is too much.
// It owns the counting; what is counted, under which key, is the business of
// its callers.
//
// It counts in memory, so each control plane counts for itself: with several
// of them a caller may get several times as much.
package ratelimit

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/httprate"

	"github.com/ayb-go/ayb/shared/errs"
)

// RetryAfter is the attribute of a RateLimited error that says, in whole
// seconds, when the next request will be taken.
const RetryAfter = "retry_after"

// burst is how many minutes' worth may come at once: ten a minute on average
// are thirty in three minutes, in any rhythm.
const burst = 3

const window = burst * time.Minute

// Config is what a Limiter can be told.
type Config struct {
	// PerMinute is how much is taken under one key in a minute, on average;
	// three times as much may come at once. Zero is no limit.
	PerMinute int
}

// Limiter counts by key. It may be used concurrently; a nil Limiter takes
// everything.
type Limiter struct {
	most  int
	rates *httprate.RateLimiter
}

// New makes a Limiter, nil when there is no limit.
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

// Take counts one request under a key. The error is RateLimited, with the
// attribute RetryAfter, when that is too many; a refused request is not
// counted.
func (l *Limiter) Take(key string) error {
	if l == nil {
		return nil
	}
	told := answer{}
	if !l.rates.OnLimit(told, &http.Request{}, key) {
		return nil
	}
	seconds := strconv.Itoa(l.wait(http.Header(told), time.Now()))
	return errs.E(errs.RateLimited, "Too many requests; try again in %s seconds", seconds).With(RetryAfter, seconds)
}

// wait is how long until the next request is taken at the latest: what was
// counted stays until its window ends and then fades evenly.
func (l *Limiter) wait(told http.Header, now time.Time) int {
	rest := window
	if unix, err := strconv.ParseInt(told.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		rest = min(max(time.Unix(unix, 0).Sub(now), 0), window)
	}
	return int((rest+window/time.Duration(l.most))/time.Second) + 1
}

// answer is where the library writes what it has to tell: headers.
type answer http.Header

// Header is what is told.
func (a answer) Header() http.Header { return http.Header(a) }

// Write and WriteHeader are for answers; none is written here.
func (a answer) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader does nothing.
func (a answer) WriteHeader(int) {}
