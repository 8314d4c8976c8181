package sqldb

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

// The SQLSTATEs that lead to different codes.
const (
	stateUnique        = "23505"
	stateForeignKey    = "23503"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateCanceled      = "57014" // by a time limit; a canceled context is handled before
	stateLockTimeout   = "55P03"
	stateReadOnly      = "25006" // a standby, during a failover
	stateNotYet        = "57P03" // the server is starting or recovering
	stateBadText       = "22021" // it has a zero byte or is no UTF-8
	stateDiskFull      = "53100" // of the machine PostgreSQL is on
)

// postgresError returns an error of PostgreSQL or of the connection with its
// code, and nil for any other error.
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

// lostConnection reports whether err comes from the connection instead of the
// statement.
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

// isStarting reports whether the error may come from a server that is starting.
func isStarting(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == stateNotYet
	}
	return errs.Is(err, errs.Unavailable)
}

// isRetryable reports whether a transaction failed because of other ones and may
// succeed if it is run again.
func isRetryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == stateSerialization || e.Code == stateDeadlock)
}

func isPostgresReferenceError(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == stateForeignKey
}
