//go:build cgo && (linux || darwin)

package sqlite

import (
	"errors"
	"strconv"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// script tells whether the body is a text of several statements.
func (r *run) script() bool { return r.job.batch.Script }

// compatible tells whether the answer has the compatible form.
func (r *run) compatible() bool { return r.job.Format == daemonapi.FormatCompat }

// run runs the whole job.
func (r *run) run() error {
	if !r.job.batch.Atomic {
		return r.oneByOne()
	}
	if err := r.perform(); err != nil {
		return r.told(err)
	}
	return r.deliver()
}

// oneByOne runs statements that are each their own body.
func (r *run) oneByOne() error {
	var failed error
	for i := range r.job.batch.Statements {
		r.body, r.first = r.job.batch.Statements[i:i+1], i
		r.enter(0)
		r.base, r.sent = r.now, false
		if err := r.perform(); err != nil {
			if !r.instead(err) {
				return r.told(err)
			}
			if failed == nil && !r.enc.every() {
				failed = r.told(err) // the answer has no place for it
			}
		}
		if err := r.settle(); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return r.deliver()
}

// instead puts an error in place of a result. It returns false if the error
// ends the job, because it is not only the statement's.
func (r *run) instead(err error) bool {
	e, ok := ofStatement(err)
	if !ok {
		return false
	}
	if !r.sent {
		r.drop()
	}
	rep, ok := r.enc.(reporter)
	if ok {
		if !rep.failed(&r.out, r.base.results, r.sent, e) {
			return false
		}
		r.now.results = r.base.results + 1
	}
	r.now.written, r.now.rowid, r.now.inserted = r.base.written, r.base.rowid, r.base.inserted
	r.mark = len(r.out.buf)
	return true
}

// told adds to an error which statement it is about.
func (r *run) told(err error) error {
	if e, ok := ofStatement(err); ok && r.at != noStatement && !r.compatible() {
		return e.With("statement", strconv.Itoa(r.at))
	}
	return err
}

// ofStatement tells whether an error is about one statement.
func ofStatement(err error) (*errs.Error, bool) {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return nil, false
	}
	switch e.Code {
	case errs.SQL, errs.Invalid, errs.TooLarge, errs.Full, errs.DiskFull, errs.ReadOnly, errs.Timeout:
		return e, true
	}
	return nil, false
}

// enter makes an entry of the body the current one.
func (r *run) enter(i int) { r.entry, r.at = i, r.first+i }

// perform runs the body. It picks the connection: a reader for what only
// reads, for everything else the writer. Who may not write gets a reader for
// everything, and SQLite refuses what would change something.
func (r *run) perform() error {
	if r.nothing() {
		return r.empties()
	}
	if r.job.Mode != ayb.QueryReadWrite || !r.writes() {
		r.streaming = r.streams()
		err := r.work(r.db.readers, r.read)
		r.streaming = false
		if !errors.Is(err, errWriter) {
			return err
		}
		if r.job.Mode != ayb.QueryReadWrite {
			r.restart()
			return r.work(r.db.readers, r.write)
		}
		if r.sent { // a function that writes only after many rows
			return errs.E(errs.SQL, "attempt to write a readonly database")
		}
		r.restart()
	}
	return r.onWriter()
}

// nothing tells whether the body has no statement at all.
func (r *run) nothing() bool {
	for i := range r.body {
		if !blank(r.body[i].SQL) {
			return false
		}
	}
	return true
}

// writes tells whether the body surely writes.
func (r *run) writes() bool {
	for i := range r.body {
		if writes(r.body[i].SQL) {
			return true
		}
	}
	return false
}

// streams tells whether a result may go to the sink before it is complete.
func (r *run) streams() bool {
	return r.maxResult() == 0 && (r.enc.every() || r.job.batch.Atomic)
}

// maxResult is how large the answer may be; 0 is no limit.
func (r *run) maxResult() int64 {
	if r.compatible() || r.job.Format == daemonapi.FormatJSON {
		return r.job.ResultBytes
	}
	return 0
}
