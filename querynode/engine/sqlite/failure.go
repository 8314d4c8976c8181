//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

var (
	// errWriter means that a body belongs on the writer.
	errWriter = errors.New("the body needs the writer")
	// errEnds means that a body ends a transaction that it has not begun.
	errEnds = errors.New("the body ends a transaction of ours")
	// errStale means that a body needs a connection that has served no other.
	// FTS5 caches its index until the next MATCH, and a check uses the cache:
	// after a change by another connection, PRAGMA integrity_check reports a
	// checksum mismatch of a sound table (seen with SQLite 3.54.1).
	errStale = errors.New("the body needs a new connection")
	// errHere means that a body cannot run inside one transaction.
	errHere = errors.New("the body cannot run in one transaction")
)

func errLeftOpen() error {
	return errs.E(errs.SQL, "The statements left a transaction open and it was rolled back; end it with COMMIT in the same request")
}

// errCommit says that the commit failed, if SQLite's message does not.
func errCommit(rc C.int, err error) error {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || primary(rc) != C.SQLITE_CONSTRAINT {
		return err
	}
	e.Message += " when the statements were committed at their end: a row refers to one that is missing; nothing was changed"
	return e
}

// checkHasEffect rejects the last statement of a body if all its effects end
// with the body, so that it would be useless.
func (c *conn) checkHasEffect(st *stmt) error {
	const how = "and nothing follows it here; send it in one text with the statements it is meant for (or as an entry of an atomic batch before theirs)"
	switch {
	case st.explain:
	case st.sets:
		name := strings.ToLower(strings.ToValidUTF8(C.GoString(&c.c.named[0]), "\uFFFD"))
		return errs.E(errs.SQL, "PRAGMA %s holds only until its request ends, "+how, name)
	case st.temp:
		return errs.E(errs.SQL, "A TEMP object lasts only until its request ends, "+how)
	}
	return nil
}

func errNotBegun() error {
	return errs.E(errs.SQL, "there is no transaction to end here: the text has not begun one, and is one transaction by itself; nothing was changed")
}

func errVacuumInto() error {
	return errs.E(errs.SQL, "VACUUM INTO is not available here; plain VACUUM is")
}

func errSeveral() error {
	return errs.E(errs.Invalid, "Each entry of statements, and a text with params, has to be a single statement; send several as entries of statements")
}

func errTogether() error {
	return errs.E(errs.SQL, "This statement cannot be part of a batch, because it begins or ends a transaction or cannot run in one; send it by itself, or as part of one text without params")
}

// longestMessage is the length limit of SQLite's messages, which can quote an
// entire statement.
const longestMessage = 4 << 10

// message returns SQLite's message about the last failure on the connection.
func (c *conn) message() string {
	m := C.GoString(C.sqlite3_errmsg(c.c.db))
	if len(m) > longestMessage {
		m = m[:longestMessage] + "…"
	}
	return strings.ToValidUTF8(m, "\uFFFD")
}

// failure turns a result code into an error for the caller. It must be called
// before the next use of the connection. from is where the statement starts in
// the body.
func (c *conn) failure(rc C.int, o engine.Options, j *engine.Job, from int) error {
	if c.c.refusal != 0 {
		return c.refusal()
	}
	// The cause is the lack of memory, whatever the code: SQLite often reports
	// another one.
	if why := j.Reason(); c.c.starved != 0 && why != engine.NotStopped {
		c.broken = c.broken || primary(rc) != C.SQLITE_NOMEM
		return engine.StopError(why, j)
	}
	switch primary(rc) {
	case C.SQLITE_INTERRUPT:
		if why := j.Reason(); why != engine.NotStopped {
			return engine.StopError(why, j)
		}
		return engine.StopError(engine.TimedOut, j)
	case C.SQLITE_BUSY:
		return errs.E(errs.Unavailable, "The database is busy; try again")
	case C.SQLITE_READONLY:
		if c.reader && j.Mode == ayb.QueryReadWrite {
			return errWriter
		}
		if c.reader {
			return engine.ErrReadOnly()
		}
	case C.SQLITE_NOMEM:
		c.cache.clear()
		C.sqlite3_db_release_memory(c.c.db)
		return errs.E(errs.SQL, "out of memory: the statement needs more than the %s of memory that this database may use (limits.heap_bytes); the operator of the server can raise the limit", engine.SizeText(o.HeapBytes)).
			With("sqlite_code", strconv.Itoa(int(rc)))
	case C.SQLITE_FULL:
		if c.c.room != 0 {
			return spaceError(c.c.room)
		}
		if c.temp {
			return errs.E(errs.Full, "TEMP tables of a read-only caller may have at most %s together", engine.SizeText(readerTempBytes))
		}
		return errFull(o)
	case C.SQLITE_TOOBIG:
		return errs.E(errs.TooLarge, "%s: a value may have at most %s (limits.heap_bytes) and a text of SQL %s (limits.request_bytes); the operator of the server can raise the limits", c.message(),
			engine.SizeText(int64(valueLimit(o))), engine.SizeText(int64(o.SQLBytes)))
	case C.SQLITE_IOERR, C.SQLITE_CORRUPT, C.SQLITE_NOTADB, C.SQLITE_CANTOPEN:
		c.broken = true                   // a new connection starts from the disk
		if rc == C.SQLITE_IOERR_SHMSIZE { // no space for the index of the write-ahead log
			return space.Full()
		}
		if rc == C.SQLITE_IOERR_WRITE && o.DatabaseBytes > 0 {
			return errTemporary(rc, o)
		}
	}
	e := errs.E(errs.SQL, "%s", c.message()).With("sqlite_code", strconv.Itoa(int(rc)))
	if at := int(C.sqlite3_error_offset(c.c.db)); at >= 0 {
		e = e.With("offset", strconv.Itoa(from+at))
	}
	return e
}

// errFull is the error of a database that may not grow.
func errFull(o engine.Options) error {
	if o.DatabaseBytes <= 0 {
		return errs.E(errs.Full, "database full: a table has used its last row id, or the database is as large as SQLite can make it").With(errs.AttrReason, errs.ReasonDatabase)
	}
	return errs.E(errs.Full, "database full: this database has reached its limit of %s (limits.database_bytes), which the operator of the server can raise, or a table has used its last row id; the disk of the server has room", engine.SizeText(o.DatabaseBytes)).
		With(errs.AttrReason, errs.ReasonDatabase)
}

// errTemporary is the error of a write that failed although the disk has space.
// The daemon's limit for a file is twice that of the database. Files beyond it
// are those of a sort, or the write-ahead log while a long read prevents its
// reset.
func errTemporary(rc C.int, o engine.Options) error {
	return errs.E(errs.Full, "disk I/O error: a temporary file of the statement, or the log of changes, which grows as long as another statement reads, has reached its limit of twice the %s of the database (limits.database_bytes), which the operator of the server can raise, or the disk of the server has failed", engine.SizeText(o.DatabaseBytes)).
		With(errs.AttrReason, errs.ReasonTemp).With("sqlite_code", strconv.Itoa(int(rc)))
}

// refusal returns the reason why the policy rejected a statement.
func (c *conn) refusal() error {
	name := strings.ToValidUTF8(C.GoString(&c.c.named[0]), "\uFFFD")
	switch c.c.refusal {
	case C.AYB_REFUSED_HERE:
		return errHere
	case C.AYB_REFUSED_END:
		return errEnds
	case C.AYB_REFUSED_ATTACH:
		return errs.E(errs.SQL, "ATTACH is not available here: a request can use one database only")
	case C.AYB_REFUSED_DETACH:
		return errs.E(errs.SQL, "DETACH is not available here")
	case C.AYB_REFUSED_VACUUM_INTO:
		return errVacuumInto()
	case C.AYB_REFUSED_PRAGMA_VALUE:
		return errs.E(errs.SQL, "PRAGMA %s cannot be set here", name)
	case C.AYB_REFUSED_FUNCTION:
		return errs.E(errs.SQL, "not authorized to use function: %s", name)
	}
	if strings.EqualFold(name, "writable_schema") {
		return errs.E(errs.SQL, "PRAGMA %s is not available here; to bring in the .dump of a database with virtual tables, import it with the format sql: ayb client import FILE ENTITY/DATABASE", name)
	}
	return errs.E(errs.SQL, "PRAGMA %s is not available here", name)
}

// openFailed is the error of a database that cannot be opened.
func openFailed(c *conn, o engine.Options, rc C.int) error {
	switch primary(rc) {
	case C.SQLITE_NOTADB, C.SQLITE_CORRUPT:
		return errs.E(errs.SQL, "%s", c.message()).With("sqlite_code", strconv.Itoa(int(rc)))
	case C.SQLITE_NOMEM:
		return errs.E(errs.SQL, "out of memory: the database could not be opened within its %s (limits.heap_bytes); the operator of the server can raise the limit", engine.SizeText(o.HeapBytes))
	case C.SQLITE_FULL:
		if c.c.room != 0 {
			return spaceError(c.c.room)
		}
		return errFull(o)
	}
	cause := fmt.Errorf("sqlite result code %d", int(rc))
	return errs.Wrap(errs.Engine, cause, "The database could not be opened")
}
