package ratelimit_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ayb-go/ayb/controlplane/front/ratelimit"
	"github.com/ayb-go/ayb/shared/errs"
)

func limiter(t *testing.T, perMinute int) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(ratelimit.Config{PerMinute: perMinute})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Thirty requests at once are accepted. The next error contains the waiting time (S13).
func TestBurstThenRefused(t *testing.T) {
	l := limiter(t, 10)
	for i := range 30 {
		if err := l.Take("a"); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	err := l.Take("a")
	if !errs.Is(err, errs.RateLimited) {
		t.Fatalf("got %v", err)
	}
	seconds, perr := strconv.Atoi(errs.Public(err).Attrs[errs.AttrRetryAfter])
	if perr != nil || seconds < 1 || seconds > 3*60+7 {
		t.Errorf("wait %d seconds, %v", seconds, perr)
	}
	if err := l.Take("b"); err != nil {
		t.Errorf("another key: %v", err)
	}
}

func TestExactUnderLoad(t *testing.T) {
	l := limiter(t, 10)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 10 {
				if l.Take("a") == nil {
					taken.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := taken.Load(); n != 30 {
		t.Errorf("%d of 200 were taken", n)
	}
}

func TestOffAndInvalid(t *testing.T) {
	l := limiter(t, 0)
	for range 1000 {
		if err := l.Take("a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ratelimit.New(ratelimit.Config{PerMinute: -1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a negative limit: %v", err)
	}
}
