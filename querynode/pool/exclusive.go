package pool

import (
	"cmp"
	"slices"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Exclusive runs fn while no daemon serves any of the keys. Running daemons end
// first, their requests fail, and new requests wait for fn. When a key is a
// live version, the daemons of all staged versions of its database end too.
// Other databases are not delayed.
func (p *Pool) Exclusive(fn func() error, keys ...InstanceKey) error {
	// All callers reserve keys in the same order, so that two cannot wait for
	// each other.
	slices.SortFunc(keys, func(a, b InstanceKey) int {
		return cmp.Or(cmp.Compare(a.DB.String(), b.DB.String()), cmp.Compare(a.Version, b.Version))
	})
	for _, at := range slices.Compact(keys) {
		release, err := p.reserve(at)
		if err != nil {
			return err
		}
		defer release()
	}
	for _, at := range keys {
		if at.Version == "" {
			p.endStagedDaemons(at.DB, keys)
		}
	}
	return fn()
}

// reserve keeps daemons away from a key until release. A placeholder takes the
// daemon's slot.
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
	if earlier != nil { // its successor waits for it
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

// endStagedDaemons ends the daemons of a database's staged versions, except for
// the reserved keys. Placeholders are left alone.
func (p *Pool) endStagedDaemons(db ayb.DatabasePath, reserved []InstanceKey) {
	for _, d := range p.allDaemons() {
		if d.db == db && d.version != "" && d.conn != nil && !slices.Contains(reserved, d.key()) {
			d.close()
			<-d.done
		}
	}
}
