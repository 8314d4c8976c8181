package engine

import (
	"strconv"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// The errors that every engine answers in the same words.

// StopError returns the error of a job that was stopped.
func StopError(why StopReason, j *Job) error {
	switch why {
	case Canceled:
		return errs.E(errs.Canceled, "The statement was canceled")
	case Closing:
		return ErrClosing()
	}
	limit := DurationText(j.Timeout)
	if own := j.Batch.Timeout; own > 0 && own <= j.Timeout {
		return errs.E(errs.Timeout, "The statement took longer than %s and was stopped, as timeout_ms of the request asks for", limit)
	}
	return errs.E(errs.Timeout, "The statement took longer than %s (limits.statement_timeout) and was stopped; the operator of the server can raise the limit", limit)
}

// ErrClosing returns the error of a request to a database that is being closed.
func ErrClosing() error {
	return errs.E(errs.Unavailable, "The database is being closed; try again")
}

// ErrReadOnly returns the error of a change by a caller who may only read.
func ErrReadOnly() error {
	return errs.E(errs.ReadOnly, "Attempted to write to database while in read-only mode")
}

// DurationText writes a duration for people: 30 s, 1.5 s, 200 ms.
func DurationText(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Round(time.Millisecond).Seconds(), 'f', -1, 64) + " s"
}

// SizeText writes a number of bytes for people: 16 MiB, 4 KiB, 12 bytes.
func SizeText(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatFloat(float64(n*10>>20)/10, 'f', -1, 64) + " MiB"
	case n >= 1<<10:
		return strconv.FormatInt(n>>10, 10) + " KiB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
