package cache

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/ayb-go/ayb/shared/errs"
)

// lookup remembers the results of load.
//
// A load takes time, and its result may be changed and invalidated before it is
// stored. So every invalidation starts a new generation. A result that was
// loaded in an older generation is returned and not kept.
type lookup[K comparable, V any] struct {
	load func(context.Context, K) (V, error)

	mu         sync.Mutex
	entries    *simplelru.LRU[K, entry[V]]
	generation uint64
}

// entry is a result with the time at which its look-up began.
type entry[V any] struct {
	value V
	at    time.Time
}

// maxAge is how long a result is used. It bounds the effect of changes that
// are not announced: those of a process that was killed before it announced
// them, and those of an operator in the database itself.
const maxAge = time.Minute

func newLookup[K comparable, V any](size int, load func(context.Context, K) (V, error)) (*lookup[K, V], error) {
	entries, err := simplelru.NewLRU[K, entry[V]](size, nil)
	if err != nil {
		return nil, fmt.Errorf("could not make a cache of %d entries: %w", size, err)
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
