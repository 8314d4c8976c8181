package pool

import (
	"cmp"
	"slices"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Without runs fn while no daemon exists at any of the places: one that runs is
// ended first, its statements are told, and requests that come meanwhile wait
// for fn. With a live version everything that runs on staged ones of its
// database is ended too. Other databases are not held up.
func (p *Pool) Without(fn func() error, places ...Place) error {
	// Two that want the same places want them in the same order.
	slices.SortFunc(places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.DB.String(), b.DB.String()), cmp.Compare(a.Version, b.Version))
	})
	for _, at := range slices.Compact(places) {
		release, err := p.hold(at)
		if err != nil {
			return err
		}
		defer release()
	}
	for _, at := range places {
		if at.Version == "" {
			p.endStaged(at.DB, places)
		}
	}
	return fn()
}

// hold keeps daemons away from a place until release.
func (p *Pool) hold(at Place) (release func(), err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errs.E(errs.Unavailable, "The query node is shutting down")
	}
	before := p.daemons[at]
	hold := &Daemon{pool: p, db: at.DB, version: at.Version, going: true, done: make(chan struct{})}
	p.daemons[at] = hold
	earlier := p.earlier(at)
	p.mu.Unlock()
	if earlier != nil { // the one before waits for it
		earlier.leave()
	}
	if before != nil {
		before.leave()
		<-before.done
	}
	return func() {
		if at.Version == "" {
			_, err := hold.files()
			hold.missing = err != nil
		}
		close(hold.done)
		p.gone(hold)
	}, nil
}

// endStaged ends the daemons of a database's staged versions. Where there is
// none and somebody only keeps the place, that one's work is in vain.
func (p *Pool) endStaged(db ayb.DatabasePath, held []Place) {
	for _, d := range p.all() {
		if d.db == db && d.version != "" && d.conn != nil && !slices.Contains(held, d.place()) {
			d.leave()
			<-d.done
		}
	}
}
