package databases

import (
	"sync"

	"github.com/ayb-go/ayb/shared/ayb"
)

// locks lets one goroutine at a time create a given database, so that taking
// back a failed creation cannot hit another one under way.
type locks struct {
	mu   sync.Mutex
	held map[ayb.DatabasePath]*entry
}

type entry struct {
	sync.Mutex
	users int
}

func newLocks() *locks { return &locks{held: map[ayb.DatabasePath]*entry{}} }

// lock waits for the path and gives the function that releases it.
func (l *locks) lock(path ayb.DatabasePath) (unlock func()) {
	l.mu.Lock()
	e := l.held[path]
	if e == nil {
		e = &entry{}
		l.held[path] = e
	}
	e.users++
	l.mu.Unlock()
	e.Lock()
	return func() {
		e.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if e.users--; e.users == 0 {
			delete(l.held, path)
		}
	}
}
