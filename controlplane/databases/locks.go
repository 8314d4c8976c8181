package databases

import (
	"sync"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
)

// locks lets one goroutine at a time create a database of a given owner, so
// that taking back a failed creation cannot hit another one under way, and a
// limit on their number is exact.
type locks struct {
	mu   sync.Mutex
	held map[meta.EntityID]*entry
}

type entry struct {
	sync.Mutex
	users int
}

func newLocks() *locks { return &locks{held: map[meta.EntityID]*entry{}} }

// lock waits for the owner and gives the function that releases it.
func (l *locks) lock(owner meta.EntityID) (unlock func()) {
	l.mu.Lock()
	e := l.held[owner]
	if e == nil {
		e = &entry{}
		l.held[owner] = e
	}
	e.users++
	l.mu.Unlock()
	e.Lock()
	return func() {
		e.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if e.users--; e.users == 0 {
			delete(l.held, owner)
		}
	}
}
