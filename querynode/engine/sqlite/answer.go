//go:build cgo && (linux || darwin)

package sqlite

import (
	"github.com/ayb-go/ayb/shared/errs"
)

// pass takes what is encoded while a reader works: on to the sink, or back
// until the answer is complete.
func (r *run) pass(p []byte) error {
	if r.streaming {
		return r.stream(p)
	}
	return r.hold(p)
}

// stream passes encoded bytes to the sink while the statement stands still.
// Nothing is kept or spooled meanwhile, so they are the next. Who has stopped
// the job gets no more of them.
func (r *run) stream(p []byte) error {
	if why := r.job.reason(); why != stopNot {
		return stopError(why, r.job)
	}
	r.pause()
	r.mark, r.sent = 0, true
	err := r.sink.Write(p, false)
	if r.pace != nil {
		r.pace.step(r.job.stopped())
	}
	r.start()
	return err
}

// hold keeps encoded bytes until the body is done.
func (r *run) hold(p []byte) error {
	if r.mark > 0 {
		if err := r.kept.write(p[:r.mark]); err != nil {
			return err
		}
		p, r.mark = p[r.mark:], 0
	}
	r.now.size += int64(len(p))
	return r.spool.write(p)
}

// fits checks the size of the answer. It is asked while a statement with rows
// can still be undone, and not about statements without.
func (r *run) fits() error {
	most := r.maxResult()
	if most == 0 || r.now.size+int64(len(r.out.buf)-r.mark) <= most {
		return nil
	}
	return errs.E(errs.TooLarge, "The result is larger than %s (limits.result_bytes), the most that is returned as one document; ask for NDJSON or CSV, which have no such limit, or for fewer rows; the operator of the server can raise the limit", sizeText(most))
}

// ended completes a result in the buffer.
func (r *run) ended() error {
	r.now.results++
	return r.out.room()
}

// empty is the result of a statement without columns, if the answer has such.
func (r *run) empty(e ending) error {
	if !r.enc.every() {
		return nil
	}
	if err := r.enc.begin(&r.out, r.now.results, nil); err != nil {
		return err
	}
	r.enc.end(&r.out, e)
	return r.ended()
}

// empties are the results of a body without statements.
func (r *run) empties() error {
	r.out.to = r.hold
	for range r.body {
		if err := r.empty(ending{rowid: r.now.rowid, inserted: r.now.inserted}); err != nil {
			return err
		}
	}
	return nil
}

// settle makes the results of a body final when another one follows. No
// connection is held, so the sink may take its time.
func (r *run) settle() error {
	if r.enc.every() {
		if err := r.send(); err != nil {
			return err
		}
		r.now.size += int64(len(r.out.buf) - r.mark)
		r.mark = len(r.out.buf)
		return nil
	}
	if r.now.results == r.base.results {
		return nil
	}
	if err := r.out.flush(); err != nil {
		return err
	}
	r.kept.reset() // this result takes the place of the one before
	r.kept, r.spool = r.spool, r.kept
	r.now.size = 0
	return nil
}

// send passes on what is kept and spooled.
func (r *run) send() error {
	for _, s := range []*spool{&r.kept, &r.spool} {
		if s.empty() {
			continue
		}
		r.equip()
		err := s.replay(r.b.raw, func(p []byte) error { return r.sink.Write(p, false) })
		if err != nil {
			return err
		}
		s.reset()
	}
	return nil
}

// deliver ends the answer.
func (r *run) deliver() error {
	r.enc.close(&r.out, r.now.results, cost{engine: r.now.spent, written: r.now.written})
	if err := r.send(); err != nil {
		return err
	}
	return r.sink.Write(r.out.buf, true)
}
