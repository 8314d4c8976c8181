package cache

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/ayb-go/ayb/shared/errs"
)

// lookup remembers the results of one way to find a record.
//
// A load takes time, and what it found may be changed, and forgotten, before
// it is remembered. So every invalidation starts a new generation, and what
// was loaded in an older one is given to its caller but not kept.
type lookup[K comparable, V any] struct {
	load func(context.Context, K) (V, error)

	mu         sync.Mutex
	entries    *simplelru.LRU[K, entry[V]]
	generation uint64
}

// entry is a result and when its look-up began.
type entry[V any] struct {
	value V
	at    time.Time
}

// maxAge is how long a result is believed. Changes are told of, so that it
// matters only for those nobody could tell of: made by a process that was killed
// before it did, or by an operator in the metadata store itself.
const maxAge = time.Minute

func newLookup[K comparable, V any](size int, load func(context.Context, K) (V, error)) (*lookup[K, V], error) {
	entries, err := simplelru.NewLRU[K, entry[V]](size, nil)
	if err != nil {
		return nil, fmt.Errorf("a cache of %d entries: %w", size, err)
	}
	return &lookup[K, V]{load: load, entries: entries}, nil
}

func (l *lookup[K, V]) get(ctx context.Context, key K) (V, error) {
	now := time.Now()
	l.mu.Lock()
	e, ok := l.entries.Get(key)
	generation := l.generation
	l.mu.Unlock()
	if ok && now.Sub(e.at) < maxAge {
		return e.value, nil
	}
	v, err := l.load(ctx, key)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.generation != generation:
	case err == nil:
		l.entries.Add(key, entry[V]{v, now})
	case errs.Is(err, errs.NotFound):
		l.entries.Remove(key)
	}
	return v, err
}

func (l *lookup[K, V]) invalidate(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.generation++
	l.entries.Remove(key)
}

func (l *lookup[K, V]) invalidateAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.generation++
	l.entries.Purge()
}
