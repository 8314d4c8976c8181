//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Export streams data to sink as it was at one moment: the entire database, a
// table or view, or the rows of sql, which is one reading statement. It blocks
// neither writers nor readers, and pauses for them. A few exports run at once,
// others wait. The time limit of the job applies to sql and to views; other
// exports take as long as the client takes. The batch and the format of the job
// are ignored.
func (db *DB) Export(job *engine.Job, o daemonapi.ExportOptions, sql string, sink engine.Sink) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	if err := db.checkSQL(sql); err != nil {
		return err
	}
	job.Mode = ayb.QueryReadOnly
	x := &export{o: o, sql: sql, limit: job.Timeout}
	if sql == "" {
		job.Timeout = 0
	}
	if err := x.checkOptions(); err != nil {
		return err
	}
	if o.Format == daemonapi.TransferSQLite {
		return db.exportDatabaseFile(job, sink)
	}
	r := &execution{db: db, job: job, sink: sink, left: job.Timeout, streaming: true}
	r.out.Next = r.stream
	defer r.free()
	x.r = r
	if err := r.withConnection(db.exports, x.run); err != nil {
		return err
	}
	if !o.Remarks || len(x.remarks) == 0 {
		return sink.Write(r.out.Buf, true)
	}
	last, err := daemonapi.PackRemarks(x.remarks)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The remarks of an export could not be encoded")
	}
	if err := sink.Write(r.out.Buf, false); err != nil {
		return err
	}
	return sink.Write(last, true)
}

// export is an export that is not an SQLite file.
type export struct {
	r     *execution
	o     daemonapi.ExportOptions
	sql   string
	limit time.Duration

	remarks []string // remarks about data that the format cannot hold
}

// checkOptions checks the combination of options.
func (x *export) checkOptions() error {
	switch x.o.Format {
	case daemonapi.TransferSQLite:
		if x.o.Table != "" || x.sql != "" {
			return errs.E(errs.Invalid, "An export in the format sqlite is the whole database; for a table or a query choose sql, csv, json or ndjson")
		}
	case daemonapi.TransferSQL:
		if x.sql != "" {
			return errs.E(errs.Invalid, "The rows of a query cannot be exported in the format sql; choose csv, json or ndjson")
		}
	case daemonapi.TransferCSV, daemonapi.TransferJSON, daemonapi.TransferNDJSON:
		if x.o.Table != "" && x.sql != "" {
			return errs.E(errs.Invalid, "An export is of a table or of a query, not of both")
		}
	default:
		return errs.E(errs.Invalid, "The export format is unknown; use sqlite, sql, csv, json or ndjson")
	}
	return nil
}

// run exports within one read transaction and closes the connection.
func (x *export) run() error {
	r := x.r
	r.c.broken = true
	r.thread, r.throttle = newBackground(), r.db.calls.newThrottle()
	defer r.thread.stop()
	if rc := r.c.exec("BEGIN"); rc != C.SQLITE_OK {
		return r.failure(rc, 0)
	}
	if x.o.Format == daemonapi.TransferSQL {
		return x.writeScript()
	}
	sql, table := x.sql, false
	if sql == "" {
		t, err := x.findTable()
		if err != nil {
			return err
		}
		sql = "SELECT * FROM main." + quoteName(t.name)
		if table = t.kind != "view"; !table {
			x.startTimeLimit()
		}
	}
	if x.o.Format == daemonapi.TransferCSV {
		e := &encode.ExportCSV{}
		r.enc = e
		if err := x.writeQuery(sql); err != nil || !table {
			return err
		}
		x.remarks = append(x.remarks, e.Remarks()...)
		return nil
	}
	e := encode.NewObjects(x.o.Format == daemonapi.TransferNDJSON)
	r.enc = e
	err := x.writeQuery(sql)
	if err == nil && table && !e.HasRows() {
		x.remarks = append(x.remarks, "The table has no rows, and JSON has columns only in rows: this export can be imported only into an existing table")
	}
	return err
}

// startTimeLimit starts the time limit.
func (x *export) startTimeLimit() {
	x.r.stopClock()
	x.r.job.Timeout, x.r.left = x.limit, x.limit
	x.r.startClock()
}

// writeQuery exports the rows of one statement.
func (x *export) writeQuery(sql string) error {
	r := x.r
	if err := r.setBudget(); err != nil {
		return err
	}
	t := newText(sql)
	st, end, rc := r.c.prepare(t, 0, C.AYB_CHECK, false)
	if rc != C.SQLITE_OK {
		return r.failure(rc, 0)
	}
	if st == nil {
		return errNotRows()
	}
	defer st.finalize()
	if !st.reads || st.txn || st.sets || st.columns == 0 || !blank(t.from(end)) {
		return errNotRows()
	}
	if st.params > 0 {
		return errs.E(errs.Invalid, "The statement of an export has no parameters")
	}
	return r.runRows(st, 0, nil, 0)
}

func errNotRows() error {
	return errs.E(errs.Invalid, "The query of an export has to be one statement that reads and has columns")
}

// exported is a table or view to be exported.
type exported struct{ name, kind string }

// tablesSQL lists what can be exported: tables, virtual tables and views,
// without shadow tables and SQLite's own tables.
const tablesSQL = `SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' AND substr(name, 1, 7) <> 'sqlite_' COLLATE NOCASE`

// findTable returns the requested table, or the only one.
func (x *export) findTable() (exported, error) {
	var found exported
	n := 0
	take := func(l *cursor) { found, n = exported{l.text(0), l.text(1)}, n+1 }
	if name := x.o.Table; name != "" {
		if strings.IndexByte(name, 0) >= 0 {
			return found, errNoTable(name)
		}
		err := x.query(tablesSQL+` AND name = `+quoteText(name)+` COLLATE NOCASE`, take)
		if err == nil && n == 0 {
			err = errNoTable(name)
		}
		return found, err
	}
	err := x.query(tablesSQL+` AND type <> 'view'`, take)
	if err == nil && n != 1 {
		err = errs.E(errs.Invalid, "The database has %s: say which is to be exported, or give a query; the whole database can be exported in the formats sqlite and sql", plural(n, "table"))
	}
	return found, err
}

func errNoTable(name string) error { return errs.RecordNotFound("table", quoted(name)) }

// query runs a statement of the engine.
func (x *export) query(sql string, row func(*cursor)) error {
	l, err := x.r.openCursor(sql)
	if err != nil {
		return err
	}
	defer l.close()
	return l.each(func(l *cursor) error {
		row(l)
		return nil
	})
}

// exportDatabaseFile streams a checked copy of the database.
func (db *DB) exportDatabaseFile(job *engine.Job, sink engine.Sink) error {
	s, err := db.exports.acquire(job, 0)
	if err != nil {
		return err
	}
	defer db.exports.release(s)
	f, err := db.temporaryCopy(job)
	if err != nil {
		return err
	}
	return errors.Join(db.streamFile(job, f, sink), f.Close())
}

// temporaryCopy makes a copy without a name.
func (db *DB) temporaryCopy(job *engine.Job) (*countedFile, error) {
	a, err := db.startMaintenance(job)
	if err != nil {
		return nil, err
	}
	defer a.finish()
	path := filepath.Join(db.o.TempDir, "export-"+strconv.FormatInt(db.exported.Add(1), 10))
	if _, err := a.copyTo(path); err != nil {
		return nil, err
	}
	a.close()
	f, err := os.Open(path)
	if err := errors.Join(err, os.Remove(path)); err != nil {
		return nil, errs.Wrap(errs.Engine, err, "The copy of the database could not be read")
	}
	c, err := countFile(f)
	if err != nil {
		return nil, errs.Wrap(errs.Engine, errors.Join(err, f.Close()), "The copy of the database could not be read")
	}
	return c, nil
}

// streamFile streams a complete file.
func (db *DB) streamFile(job *engine.Job, from io.Reader, sink engine.Sink) error {
	buf, pace := make([]byte, encode.ChunkBytes), db.calls.newThrottle()
	for {
		pace.pauseIfDue(job.StopSignal())
		n, err := io.ReadFull(from, buf)
		switch {
		case db.closing.Load():
			return engine.ErrClosing()
		case job.Reason() != engine.NotStopped:
			return engine.StopError(job.Reason(), job)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return sink.Write(buf[:n], true)
		case err != nil:
			return errs.Wrap(errs.Engine, err, "The copy of the database could not be read")
		}
		if err := sink.Write(buf, false); err != nil {
			return err
		}
	}
}

// quoteName and quoteText quote a name and a text as SQL. The text has no NUL.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func quoteText(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }
