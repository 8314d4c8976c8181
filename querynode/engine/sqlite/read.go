//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import "errors"

// plan is what a look at a whole body found.
type plan struct {
	only  *stmt // the body is this one statement, which can run at once
	from  int   // where it starts
	count int   // statements
	last  int   // number of the last one that has columns
	txn   bool  // the body holds its transactions itself
}

// read runs a body on a reader, or says errWriter.
func (r *run) read() error {
	r.out.to = r.pass
	r.enter(0)
	if len(r.body) == 1 {
		sql := r.body[0].SQL
		if st, ok := r.c.cache.get(sql); ok {
			err := r.one(st, 0, true)
			if errors.Is(err, errWriter) { // the schema is another one now
				r.c.cache.delete(sql)
			}
			return err
		}
	}
	p, err := r.check()
	if errors.Is(err, errStale) {
		if err = r.renew(); err == nil {
			p, err = r.check()
		}
	}
	if err != nil {
		return err
	}
	if p.only == nil {
		return r.readScript(p)
	}
	defer p.only.done()
	return r.one(p.only, p.from, true)
}

// renew gives the run a new connection in place of the one it has.
func (r *run) renew() error {
	r.letGo()
	r.slot.shut()
	r.c = nil
	if err := r.open(); err != nil {
		return err
	}
	return r.attach()
}

// check compiles every statement of the body without running any.
func (r *run) check() (plan, error) {
	var p plan
	for i := range r.body {
		r.enter(i)
		if err := r.checkEntry(&p); err != nil || p.only != nil {
			return p, err
		}
	}
	r.enter(0)
	return p, nil
}

// checkEntry compiles the statements of the current entry.
func (r *run) checkEntry(p *plan) error {
	sql := r.body[r.entry].SQL
	if st, ok := r.c.cache.get(sql); ok {
		p.add(st)
		return nil
	}
	t := newText(sql)
	for n, from := 0, 0; from < t.len(); {
		if err := r.arm(); err != nil {
			return err
		}
		st, end, rc := r.c.prepare(t, from, C.AYB_CHECK, n == 0)
		if rc != C.SQLITE_OK {
			return r.failure(rc, from)
		}
		if st == nil {
			from = max(end, from+1)
			continue
		}
		n++
		nothing := blank(t.from(end)) // is left of the text
		err := r.readable(st, n)
		if err == nil && nothing && r.entry == len(r.body)-1 {
			err = r.c.forNothing(st)
		}
		if err != nil {
			st.finalize()
			return err
		}
		p.add(st)
		if n == 1 && !st.txn && !st.sets && nothing {
			r.c.keep(sql, st)
			if len(r.body) == 1 {
				p.only, p.from = st, from
			} else {
				st.done()
			}
			return nil
		}
		st.finalize()
		from = end
		if r.script() {
			r.at = n
		}
	}
	return nil
}

func (p *plan) add(st *stmt) {
	p.count++
	p.txn = p.txn || st.txn
	if st.columns > 0 {
		p.last = p.count
	}
}

// readable tells whether the n-th statement of an entry can run on a reader.
func (r *run) readable(st *stmt, n int) error {
	switch {
	case st.into:
		return errVacuumInto()
	case st.checks && r.c.used:
		return errStale
	case !st.reads:
		return errWriter
	case !r.script():
		return inBatch(st, n)
	}
	return nil
}

// inBatch says no to what an entry of a batch cannot be.
func inBatch(st *stmt, n int) error {
	switch {
	case n > 1:
		return errSeveral()
	case st.txn:
		return errTogether()
	}
	return nil
}

// readScript runs several reading statements in one read transaction, or in
// those the body holds itself.
func (r *run) readScript(p plan) error {
	if !p.txn {
		if rc := r.c.exec("BEGIN"); rc != C.SQLITE_OK {
			return r.failure(rc, 0)
		}
	}
	n := 0
	every := r.enc.every()
	err := r.each(C.AYB_FREE, func(s step) (int, error) {
		if !s.st.reads {
			return 0, errWriter
		}
		n++
		r.out.to = r.pass
		if !every && n < p.count {
			r.out.to = r.hold // a later result may take its place
		}
		return s.end, r.one(s.st, s.from, every || n == p.last)
	})
	if err != nil {
		return err
	}
	return r.endScript(!p.txn)
}
