//go:build cgo && (linux || darwin)

package sqlite

import (
	"errors"
	"strconv"

	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// isScript reports whether the body is a text of several statements.
func (r *execution) isScript() bool { return r.job.Batch.Script }

// isCompatible reports whether the answer has the compatible form.
func (r *execution) isCompatible() bool { return r.job.Format == daemonapi.FormatCompat }

// execute runs the entire job.
func (r *execution) execute() error {
	if !r.job.Batch.Atomic {
		return r.runSeparately()
	}
	if err := r.runBody(); err != nil {
		return r.addStatement(err)
	}
	return r.finish()
}

// runSeparately runs statements that are separate bodies.
func (r *execution) runSeparately() error {
	var failed error
	for i := range r.job.Batch.Statements {
		r.body, r.first = r.job.Batch.Statements[i:i+1], i
		r.setEntry(0)
		r.base, r.sent = r.now, false
		if err := r.runBody(); err != nil {
			if !r.reportInPlace(err) {
				return r.addStatement(err)
			}
			if failed == nil && !r.enc.EveryResult() {
				failed = r.addStatement(err) // the answer has no place for it
			}
		}
		if err := r.finishBody(); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return r.finish()
}

// reportInPlace puts an error in place of a result. It returns false if the
// error ends the job, because it does not concern the statement alone.
func (r *execution) reportInPlace(err error) bool {
	e, ok := statementError(err)
	if !ok {
		return false
	}
	if !r.sent {
		r.dropResults()
	}
	rep, ok := r.enc.(encode.ErrorReporter)
	if ok {
		if !rep.ReportError(&r.out, r.base.results, r.sent, e) {
			return false
		}
		r.now.results = r.base.results + 1
	}
	r.now.written, r.now.rowid, r.now.inserted = r.base.written, r.base.rowid, r.base.inserted
	r.mark = len(r.out.Buf)
	return true
}

// addStatement adds the statement's index to an error.
func (r *execution) addStatement(err error) error {
	if e, ok := statementError(err); ok && r.at != noStatement && !r.isCompatible() {
		return e.With("statement", strconv.Itoa(r.at))
	}
	return err
}

// statementError returns the error if it concerns one statement.
func statementError(err error) (*errs.Error, bool) {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return nil, false
	}
	switch e.Code {
	case errs.SQL, errs.Invalid, errs.TooLarge, errs.Full, errs.DiskFull, errs.ReadOnly, errs.Timeout, errs.Conflict:
		return e, true
	}
	return nil, false
}

// setEntry makes an entry of the body the current one.
func (r *execution) setEntry(i int) { r.entry, r.at = i, r.first+i }

// runBody runs the body on a reader if it only reads, else on the writer.
// Read-only callers always get a reader, and SQLite rejects their changes.
func (r *execution) runBody() error {
	if r.isBlank() {
		return r.addEmptyResults()
	}
	if r.job.Mode != ayb.QueryReadWrite || !r.surelyWrites() {
		r.streaming = r.canStream()
		err := r.withConnection(r.db.readers, r.runOnReader)
		r.streaming = false
		if !errors.Is(err, errWriter) {
			return err
		}
		if r.job.Mode != ayb.QueryReadWrite {
			r.restart()
			return r.withConnection(r.db.readers, r.runInTransaction)
		}
		if r.sent { // a function that writes only after many rows
			return errs.E(errs.SQL, "attempt to write a readonly database")
		}
		r.restart()
	}
	return r.queueForWriter()
}

// isBlank reports whether the body has no statement.
func (r *execution) isBlank() bool {
	for i := range r.body {
		if !blank(r.body[i].SQL) {
			return false
		}
	}
	return true
}

// surelyWrites reports whether the body surely writes.
func (r *execution) surelyWrites() bool {
	for i := range r.body {
		if startsWithWrite(r.body[i].SQL) {
			return true
		}
	}
	return false
}

// canStream reports whether a result may be sent before it is complete.
func (r *execution) canStream() bool {
	return r.maxResult() == 0 && (r.enc.EveryResult() || r.job.Batch.Atomic)
}

// maxResult returns the size limit of the answer; 0 is no limit.
func (r *execution) maxResult() int64 {
	if r.isCompatible() || r.job.Format == daemonapi.FormatJSON {
		return r.job.ResultBytes
	}
	return 0
}
