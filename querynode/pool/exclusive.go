package pool

import (
	"cmp"
	"slices"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Exclusive runs fn while no daemon exists at any of the places: one that runs is
// ended first, its statements are told, and requests that come meanwhile wait
// for fn. With a live version everything that runs on staged ones of its
// database is ended too. Other databases are not held up.
func (p *Pool) Exclusive(fn func() error, places ...InstanceKey) error {
	// Two that want the same places want them in the same order.
	slices.SortFunc(places, func(a, b InstanceKey) int {
		return cmp.Or(cmp.Compare(a.DB.String(), b.DB.String()), cmp.Compare(a.Version, b.Version))
	})
	for _, at := range slices.Compact(places) {
		release, err := p.reserve(at)
		if err != nil {
			return err
		}
		defer release()
	}
	for _, at := range places {
		if at.Version == "" {
			p.endStagedDaemons(at.DB, places)
		}
	}
	return fn()
}

// reserve keeps daemons away from a place until release.
func (p *Pool) reserve(at InstanceKey) (release func(), err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errs.E(errs.Unavailable, "The query node is shutting down")
	}
	before := p.daemons[at]
	hold := &Daemon{pool: p, db: at.DB, version: at.Version, closing: true, done: make(chan struct{})}
	p.daemons[at] = hold
	earlier := p.predecessor(at)
	p.mu.Unlock()
	if earlier != nil { // the one before waits for it
		earlier.close()
	}
	if before != nil {
		before.close()
		<-before.done
	}
	return func() {
		if at.Version == "" {
			_, err := hold.files()
			hold.noFiles = err != nil
		}
		close(hold.done)
		p.forget(hold)
	}, nil
}

// endStagedDaemons ends the daemons of a database's staged versions. Where there is
// none and somebody only keeps the place, that one's work is in vain.
func (p *Pool) endStagedDaemons(db ayb.DatabasePath, held []InstanceKey) {
	for _, d := range p.allDaemons() {
		if d.db == db && d.version != "" && d.conn != nil && !slices.Contains(held, d.key()) {
			d.close()
			<-d.done
		}
	}
}
