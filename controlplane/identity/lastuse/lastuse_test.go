package lastuse_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/controlplane/identity/lastuse"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/logging/loggingtest"
)

type store struct {
	mu      sync.Mutex
	batches [][]meta.TokenUse
	err     error
}

func (s *store) TouchTokens(_ context.Context, uses []meta.TokenUse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	slices.SortFunc(uses, func(a, b meta.TokenUse) int { return strings.Compare(a.Short, b.Short) })
	s.batches = append(s.batches, uses)
	return nil
}

func (s *store) takeWrites() [][]meta.TokenUse {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.batches
	s.batches = nil
	return b
}

func tracker(t *testing.T, s *store) *lastuse.Tracker {
	t.Helper()
	tr, err := lastuse.New(s, loggingtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestManyUsesAreOneWrite(t *testing.T) {
	s := &store{}
	tr := tracker(t, s)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				tr.Track(meta.APIToken{Short: "a"}, at)
				tr.Track(meta.APIToken{Short: "b", Idle: time.Hour}, at)
			}
		})
	}
	wg.Wait()
	tr.Flush(t.Context())
	tr.Flush(t.Context())
	want := []meta.TokenUse{{Short: "a", At: at}, {Short: "b", At: at, ExpiresAt: at.Add(time.Hour)}}
	if got := s.takeWrites(); len(got) != 1 || !slices.Equal(got[0], want) {
		t.Errorf("written %v", got)
	}
}

// A token is written at most once a minute.
func TestOnceAMinute(t *testing.T) {
	s := &store{}
	tr := tracker(t, s)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	writes := 0
	for i := range 300 { // five minutes, a use and a flush every second
		tr.Track(meta.APIToken{Short: "a"}, at.Add(time.Duration(i)*time.Second))
		tr.Flush(t.Context())
		writes += len(s.takeWrites())
	}
	if writes != 5 {
		t.Errorf("%d writes in five minutes", writes)
	}
}

func TestWhatFailedIsWrittenAtTheNextUse(t *testing.T) {
	s := &store{err: errors.New("away")}
	tr := tracker(t, s)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tr.Track(meta.APIToken{Short: "a"}, at)
	tr.Flush(t.Context())
	s.err = nil
	tr.Track(meta.APIToken{Short: "a"}, at.Add(time.Second))
	tr.Flush(t.Context())
	if got := s.takeWrites(); len(got) != 1 || got[0][0].At != at.Add(time.Second) {
		t.Errorf("written %v", got)
	}
}

func TestRunWritesAndFinishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		tr := tracker(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); tr.Run(ctx) }()
		tr.Track(meta.APIToken{Short: "a"}, time.Now())
		<-time.After(16 * time.Second) // of the bubble's clock
		if got := s.takeWrites(); len(got) != 1 {
			t.Errorf("after a tick: %v", got)
		}
		tr.Track(meta.APIToken{Short: "b"}, time.Now())
		cancel()
		<-done
		if got := s.takeWrites(); len(got) != 1 || got[0][0].Short != "b" {
			t.Errorf("at the end: %v", got)
		}
	})
}

// Many tokens are written in small batches. So no transaction reaches the limits
// of the store, and other writers wait for a short time only.
func TestVeryManyUsesAreManySmallWrites(t *testing.T) {
	const tokens = 20_000
	s := &store{}
	tr := tracker(t, s)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range tokens {
		tr.Track(meta.APIToken{Short: fmt.Sprint(i)}, at)
	}
	tr.Flush(t.Context())
	written := 0
	for _, batch := range s.takeWrites() {
		written += len(batch)
		if len(batch) > 1000 {
			t.Errorf("%d uses in one write", len(batch))
		}
	}
	if written != tokens {
		t.Errorf("%d uses are written", written)
	}
}
