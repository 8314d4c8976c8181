// Package keyedmutex locks by key: at most one goroutine of this process holds
// the lock of a key, and different keys do not wait for each other.
package keyedmutex

import (
	"context"
	"sync"
)

// Mutexes is a set of mutexes, one per key. A mutex takes memory only while it
// is held or waited for. The zero value is ready to use; it is safe for
// concurrent use and must not be copied.
type Mutexes[K comparable] struct {
	mu      sync.Mutex
	entries map[K]*entry
}

// entry is the mutex of one key.
type entry struct {
	token chan struct{} // full while the mutex is held
	users int           // goroutines that hold it or wait for it
}

// Lock waits for the mutex of a key. The caller calls unlock exactly once.
func (m *Mutexes[K]) Lock(key K) (unlock func()) {
	e := m.enter(key)
	e.token <- struct{}{}
	return func() { m.unlock(key, e) }
}

// LockContext is Lock, but stops waiting when ctx ends. The error is then
// ctx's cause, and unlock is nil.
func (m *Mutexes[K]) LockContext(ctx context.Context, key K) (unlock func(), err error) {
	e := m.enter(key)
	select {
	case e.token <- struct{}{}:
		return func() { m.unlock(key, e) }, nil
	case <-ctx.Done():
		m.leave(key, e)
		return nil, context.Cause(ctx)
	}
}

func (m *Mutexes[K]) unlock(key K, e *entry) {
	<-e.token
	m.leave(key, e)
}

func (m *Mutexes[K]) enter(key K) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[key]
	if e == nil {
		if m.entries == nil {
			m.entries = map[K]*entry{}
		}
		e = &entry{token: make(chan struct{}, 1)}
		m.entries[key] = e
	}
	e.users++
	return e
}

// leave removes the entry with its last user.
func (m *Mutexes[K]) leave(key K, e *entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.users--; e.users == 0 {
		delete(m.entries, key)
	}
}
