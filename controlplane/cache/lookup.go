package cache

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// lookup remembers the results of one way to find a record.
//
// A load takes time, and what it found may be changed, and forgotten, before
// it is remembered. So every invalidation starts a new generation, and what
// was loaded in an older one is given to its caller but not kept.
type lookup[K comparable, V any] struct {
	load func(context.Context, K) (V, error)

	mu         sync.Mutex
	entries    *simplelru.LRU[K, V]
	generation uint64
}

func newLookup[K comparable, V any](size int, load func(context.Context, K) (V, error)) (*lookup[K, V], error) {
	entries, err := simplelru.NewLRU[K, V](size, nil)
	if err != nil {
		return nil, fmt.Errorf("a cache of %d entries: %w", size, err)
	}
	return &lookup[K, V]{load: load, entries: entries}, nil
}

func (l *lookup[K, V]) get(ctx context.Context, key K) (V, error) {
	l.mu.Lock()
	v, ok := l.entries.Get(key)
	generation := l.generation
	l.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := l.load(ctx, key)
	if err != nil {
		return v, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.generation == generation {
		l.entries.Add(key, v)
	}
	return v, nil
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
