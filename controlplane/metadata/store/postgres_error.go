package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ayb-go/ayb/shared/errs"
)

// The SQLSTATEs we tell apart.
const (
	stateUnique        = "23505"
	stateForeignKey    = "23503"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateCanceled      = "57014" // by a time limit: who goes away is seen before
	stateLockTimeout   = "55P03"
	stateReadOnly      = "25006" // a standby, during a failover
	stateNotYet        = "57P03" // starting or recovering
	stateBadText       = "22021" // a zero byte, or no UTF-8
	stateDiskFull      = "53100" // of the machine PostgreSQL is on
)

// postgresError gives an error of PostgreSQL or of the way to it its code, and
// nil for any other error.
func postgresError(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if lostConnection(err) {
			return errs.Wrap(errs.Unavailable, err, "The metadata store cannot be reached; try again")
		}
		return nil
	}
	switch {
	case e.Code == stateUnique:
		return errs.Wrap(errs.Conflict, err, "It exists already")
	case e.Code == stateCanceled, e.Code == stateLockTimeout:
		return errs.Wrap(errs.Unavailable, err, "The metadata store did not answer in time; try again")
	case e.Code == stateSerialization, e.Code == stateDeadlock:
		return errs.Wrap(errs.Unavailable, err, "The metadata store is busy; try again")
	case e.Code == stateBadText:
		return errs.Wrap(errs.Invalid, err, "A text holds a character that can't be stored")
	case e.Code == stateDiskFull:
		return diskFull(err)
	case e.Code == stateReadOnly, hasClass(e, "08"), hasClass(e, "28"), hasClass(e, "53"), hasClass(e, "57"):
		return errs.Wrap(errs.Unavailable, err, "The metadata store cannot be used at the moment; try again")
	default:
		return errs.Wrap(errs.Internal, err, "The metadata store failed")
	}
}

func hasClass(e *pgconn.PgError, class string) bool { return strings.HasPrefix(e.Code, class) }

// lostConnection tells whether err is about the connection and not about what
// was asked over it.
func lostConnection(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, sign := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone} {
		if errors.Is(err, sign) {
			return true
		}
	}
	return pgconn.SafeToRetry(err)
}

// isStarting tells whether a server that is starting explains the error.
func isStarting(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == stateNotYet
	}
	return errs.Is(err, errs.Unavailable)
}

// isRetryable tells whether a transaction failed for no fault of its own and may do
// better when it is run once more.
func isRetryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == stateSerialization || e.Code == stateDeadlock)
}

func isPostgresReferenceError(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == stateForeignKey
}
