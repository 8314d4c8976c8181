//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import "errors"

// plan is the result of compiling an entire body.
type plan struct {
	only  *stmt // the only statement of the body, which can run at once
	from  int   // start of only
	count int   // number of statements
	last  int   // number of the last one with columns
	txn   bool  // the body has its own transactions
}

// runOnReader runs a body on a reader, or returns errWriter.
func (r *execution) runOnReader() error {
	r.out.Next = r.forward
	r.setEntry(0)
	if len(r.body) == 1 {
		sql := r.body[0].SQL
		if st, ok := r.c.cache.get(sql); ok {
			err := r.runStatement(st, 0, true)
			if errors.Is(err, errWriter) { // the schema has changed
				r.c.cache.delete(sql)
			}
			return err
		}
	}
	p, err := r.checkBody()
	if errors.Is(err, errStale) {
		if err = r.reconnect(); err == nil {
			p, err = r.checkBody()
		}
	}
	if err != nil {
		return err
	}
	if p.only == nil {
		return r.runReadScript(p)
	}
	defer p.only.done()
	return r.runStatement(p.only, p.from, true)
}

// reconnect replaces the run's connection by a new one.
func (r *execution) reconnect() error {
	r.detach()
	r.slot.closeConn()
	r.c = nil
	if err := r.open(); err != nil {
		return err
	}
	return r.attach()
}

// checkBody compiles all statements of the body without running them.
func (r *execution) checkBody() (plan, error) {
	var p plan
	for i := range r.body {
		r.setEntry(i)
		if err := r.checkEntry(&p); err != nil || p.only != nil {
			return p, err
		}
	}
	r.setEntry(0)
	return p, nil
}

// checkEntry compiles the statements of the current entry.
func (r *execution) checkEntry(p *plan) error {
	sql := r.body[r.entry].SQL
	if st, ok := r.c.cache.get(sql); ok {
		p.add(st)
		return nil
	}
	t := newText(sql)
	for n, from := 0, 0; from < t.len(); {
		if err := r.setBudget(); err != nil {
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
		nothing := blank(t.from(end)) // the rest of the text is empty
		err := r.checkReadable(st, n)
		if err == nil && nothing && r.entry == len(r.body)-1 {
			err = r.c.checkHasEffect(st)
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
		if r.isScript() {
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

// checkReadable checks whether the n-th statement of an entry can run on a
// reader.
func (r *execution) checkReadable(st *stmt, n int) error {
	switch {
	case st.into:
		return errVacuumInto()
	case st.checks && r.c.used:
		return errStale
	case !st.reads:
		return errWriter
	case !r.isScript():
		return checkBatchEntry(st, n)
	}
	return nil
}

// checkBatchEntry rejects statements that an entry of a batch must not have.
func checkBatchEntry(st *stmt, n int) error {
	switch {
	case n > 1:
		return errSeveral()
	case st.txn:
		return errTogether()
	}
	return nil
}

// runReadScript runs several reading statements in one read transaction, or in
// those of the body.
func (r *execution) runReadScript(p plan) error {
	if !p.txn {
		if rc := r.c.exec("BEGIN"); rc != C.SQLITE_OK {
			return r.failure(rc, 0)
		}
	}
	n := 0
	every := r.enc.EveryResult()
	err := r.eachStatement(C.AYB_FREE, func(s step) (int, error) {
		if !s.st.reads {
			return 0, errWriter
		}
		n++
		r.out.Next = r.forward
		if !every && n < p.count {
			r.out.Next = r.retain // a later result may replace it
		}
		return s.end, r.runStatement(s.st, s.from, every || n == p.last)
	})
	if err != nil {
		return err
	}
	return r.endTransaction(!p.txn)
}
