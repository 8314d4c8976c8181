//go:build cgo && (linux || darwin)

package sqlite

import (
	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/errs"
)

// forward receives encoded bytes while a reader runs the body. It sends them to
// the sink, or retains them until the answer is complete.
func (r *execution) forward(p []byte) error {
	if r.streaming {
		return r.stream(p)
	}
	return r.retain(p)
}

// stream sends encoded bytes to the sink while the statement pauses. There are
// no retained bytes then, so these are the next. A job that was stopped sends
// no more.
func (r *execution) stream(p []byte) error {
	if why := r.job.Reason(); why != engine.NotStopped {
		return engine.StopError(why, r.job)
	}
	r.stopClock()
	r.mark, r.sent = 0, true
	err := r.sink.Write(p, false)
	if r.throttle != nil {
		r.throttle.pauseIfDue(r.job.StopSignal())
	}
	r.startClock()
	return err
}

// retain keeps encoded bytes until the body is done.
func (r *execution) retain(p []byte) error {
	if r.mark > 0 {
		if err := r.kept.write(p[:r.mark]); err != nil {
			return err
		}
		p, r.mark = p[r.mark:], 0
	}
	r.now.size += int64(len(p))
	return r.spool.write(p)
}

// checkResultSize checks the size of the answer. It is called while a statement
// with rows can still be undone, and not for statements without rows.
func (r *execution) checkResultSize() error {
	most := r.maxResult()
	if most == 0 || r.now.size+int64(len(r.out.Buf)-r.mark) <= most {
		return nil
	}
	return errs.E(errs.TooLarge, "The result is larger than %s (limits.result_bytes), the most that is returned as one document; ask for NDJSON or CSV, which have no such limit, or for fewer rows; the operator of the server can raise the limit", engine.SizeText(most))
}

// resultDone completes a result in the buffer.
func (r *execution) resultDone() error {
	r.now.results++
	return r.out.FlushIfFull()
}

// addEmptyResult adds the result of a statement without columns, if the answer
// has such results.
func (r *execution) addEmptyResult(e encode.Outcome) error {
	if !r.enc.EveryResult() {
		return nil
	}
	if err := r.enc.Begin(&r.out, r.now.results, nil); err != nil {
		return err
	}
	r.enc.End(&r.out, e)
	return r.resultDone()
}

// addEmptyResults adds the results of a body without statements.
func (r *execution) addEmptyResults() error {
	r.out.Next = r.retain
	for range r.body {
		if err := r.addEmptyResult(encode.Outcome{Rowid: r.now.rowid, Inserted: r.now.inserted}); err != nil {
			return err
		}
	}
	return nil
}

// finishBody makes the results of a body final when another body follows. No
// connection is held, so a slow sink blocks no other job.
func (r *execution) finishBody() error {
	if r.enc.EveryResult() {
		if err := r.sendRetained(); err != nil {
			return err
		}
		r.now.size += int64(len(r.out.Buf) - r.mark)
		r.mark = len(r.out.Buf)
		return nil
	}
	if r.now.results == r.base.results {
		return nil
	}
	if err := r.out.Flush(); err != nil {
		return err
	}
	r.kept.reset() // this result replaces the previous one
	r.kept, r.spool = r.spool, r.kept
	r.now.size = 0
	return nil
}

// sendRetained sends the retained and spooled bytes.
func (r *execution) sendRetained() error {
	for _, s := range []*spool{&r.kept, &r.spool} {
		if s.empty() {
			continue
		}
		r.getBuffers()
		err := s.replay(r.b.raw, func(p []byte) error { return r.sink.Write(p, false) })
		if err != nil {
			return err
		}
		s.reset()
	}
	return nil
}

// finish ends the answer.
func (r *execution) finish() error {
	r.enc.Close(&r.out, r.now.results, encode.Cost{Engine: r.now.spent, Written: r.now.written})
	if err := r.sendRetained(); err != nil {
		return err
	}
	return r.sink.Write(r.out.Buf, true)
}
