package keyedmutex

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestOneHolderPerKey(t *testing.T) {
	var m Mutexes[string]
	unlock := m.Lock("a")
	m.Lock("b")() // another key does not wait
	entered := make(chan struct{})
	go func() {
		defer close(entered)
		m.Lock("a")()
	}()
	select {
	case <-entered:
		t.Error("two goroutines hold one key")
	default:
	}
	unlock()
	<-entered
	if len(m.entries) != 0 {
		t.Errorf("%d entries stay in memory", len(m.entries))
	}
}

func TestCancel(t *testing.T) {
	var m Mutexes[int]
	unlock := m.Lock(1)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	cancel(reason)
	if _, err := m.LockContext(ctx, 1); !errors.Is(err, reason) {
		t.Errorf("a canceled wait gave %v", err)
	}
	unlock()
	if unlock, err := m.LockContext(t.Context(), 1); err != nil {
		t.Error(err)
	} else {
		unlock()
	}
	if len(m.entries) != 0 {
		t.Errorf("%d entries stay in memory", len(m.entries))
	}
}

func TestMutualExclusion(t *testing.T) {
	var m Mutexes[int]
	var counts [3]int
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 300 {
				unlock := m.Lock(i % len(counts))
				counts[i%len(counts)]++
				unlock()
			}
		})
	}
	group.Wait()
	for key, n := range counts {
		if n != 800 {
			t.Errorf("key %d was changed %d times", key, n)
		}
	}
}
