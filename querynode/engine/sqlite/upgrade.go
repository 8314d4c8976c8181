//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
int sqlite3_libversion_number(void);
*/
import "C"

import (
	"encoding/binary"
	"io"
	"os"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine"
)

// Another version of SQLite may compute another value from the same row: since
// 3.53, a REAL becomes a text of up to 17 digits. An index over such a value,
// or over a generated column, then disagrees with its table. So these indexes
// are rebuilt in uploaded files, and once after an upgrade. The header of a
// file holds the version that wrote it last. The engine writes the header after
// the rebuild, so no other state is needed.

// computedIndexSQL finds an index over computed values, or a partial index with
// a computed condition.
const computedIndexSQL = `SELECT 1 FROM sqlite_schema AS s WHERE s.type = 'index' AND (s.sql LIKE '%where%'
	OR EXISTS (SELECT 1 FROM pragma_index_xinfo(s.name, 'main') AS x WHERE x.cid = -2
		OR x.key AND x.name IN (SELECT name FROM pragma_table_xinfo(s.tbl_name, 'main') WHERE hidden IN (2, 3)))) LIMIT 1`

// storedColumnSQL finds a table with stored generated columns.
const storedColumnSQL = `SELECT s.name FROM sqlite_schema AS s, pragma_table_xinfo(s.name, 'main') AS c WHERE s.type = 'table' AND c.hidden = 3 LIMIT 1`

// firstSameVersion is the first version that converts REALs to text like this
// one.
const firstSameVersion = 3053000

// versionStamp rewrites the header, and so the version, without another change.
const versionStamp = `PRAGMA user_version`

// writtenBy returns the version of SQLite that last wrote the header of a file,
// such as 3054001, or 0 if unknown.
func writtenBy(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }() // it was only read
	head := make([]byte, headerBytes)
	if _, err := io.ReadFull(f, head); err != nil {
		return 0
	}
	return int(binary.BigEndian.Uint32(head[96:]))
}

// rebuildOldIndexes rebuilds the indexes that the version of SQLite that wrote
// the file may have filled differently. An index that cannot be rebuilt stays.
func (c *conn) rebuildOldIndexes(by int) C.int {
	if by == 0 || by == int(C.sqlite3_libversion_number()) {
		return C.SQLITE_OK
	}
	if rc := c.exec(computedIndexSQL); rc != C.SQLITE_OK || c.result() == "" {
		return c.ignoreIndexError(rc)
	}
	if rc := c.exec("REINDEX"); rc != C.SQLITE_OK {
		return c.ignoreIndexError(rc)
	}
	if rc := c.exec(versionStamp); rc != C.SQLITE_OK {
		return rc
	}
	return c.exec(versionStamp + "=" + c.result())
}

// ignoreIndexError keeps a database accessible although an index cannot be
// rebuilt.
func (c *conn) ignoreIndexError(rc C.int) C.int {
	switch primary(rc) {
	case C.SQLITE_ERROR, C.SQLITE_CONSTRAINT:
		return C.SQLITE_OK
	}
	return rc
}

// rebuildIndexes rebuilds the indexes that another version of SQLite may have
// filled differently. It returns which feature the file needs and this SQLite
// lacks: then the database could be neither changed nor copied.
func (a *maintenance) rebuildIndexes() (wrong string, err error) {
	if wrong, err := a.tryExec("EXPLAIN REINDEX"); wrong != "" || err != nil {
		return wrong, err
	}
	some, err := a.exec(computedIndexSQL)
	if err != nil || some == "" {
		return "", err
	}
	return a.tryExec("REINDEX")
}

// checkCopyable returns why the database could not be copied: a copy first
// creates all tables and indexes with their own statements.
func (a *maintenance) checkCopyable() (wrong string, err error) {
	statements, err := a.queryTexts(`SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql LIKE 'CREATE%' AND sql NOT LIKE 'CREATE VIRTUAL%' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY type DESC, rowid`)
	if err != nil {
		return "", err
	}
	if err := a.open(":memory:", C.SQLITE_OPEN_READWRITE|C.SQLITE_OPEN_CREATE|C.SQLITE_OPEN_MEMORY); err != nil {
		return "", err
	}
	for _, sql := range statements {
		_, err := a.queryTexts(sql)
		if err != nil && sqlMessage(err) == "" {
			return "", err
		}
		if wrong := missingFeature(sqlMessage(err)); wrong != "" {
			return wrong, nil
		}
	}
	return "", nil
}

// queryTexts runs one statement under the policy and returns the first column.
func (a *maintenance) queryTexts(sql string) (all []string, err error) {
	if why := a.job.Reason(); why != engine.NotStopped {
		return nil, a.explain(engine.StopError(why, a.job))
	}
	c := a.slot.c
	st, _, rc := c.prepare(newText(sql), 0, C.AYB_ATOMIC, false)
	if rc != C.SQLITE_OK || st == nil {
		return nil, a.explain(c.failure(rc, a.db.o, a.job, 0))
	}
	defer st.finalize()
	for {
		switch rc := C.sqlite3_step(st.s); rc {
		case C.SQLITE_DONE:
			return all, nil
		case C.SQLITE_ROW:
			v, rc := c.cell(st, 0)
			if rc != C.SQLITE_OK {
				return nil, a.explain(c.failure(rc, a.db.o, a.job, 0))
			}
			all = append(all, string(v.Data))
		default:
			return nil, a.explain(c.failure(rc, a.db.o, a.job, 0))
		}
	}
}

// tryExec runs a statement. It returns as wrong why the file makes it fail.
func (a *maintenance) tryExec(sql string) (wrong string, err error) {
	_, err = a.exec(sql)
	if m := sqlMessage(err); m != "" {
		return m, nil
	}
	return "", err
}

// missingFeature returns the message if it concerns a feature that this SQLite
// lacks.
func missingFeature(wrong string) string {
	for _, begin := range []string{"no such collation sequence: ", "no such function: ", "no such module: ", "unknown function: ", "unsafe use of "} {
		if strings.HasPrefix(wrong, begin) {
			return wrong
		}
	}
	return ""
}

// receiveRemarks returns remarks about an uploaded file.
func (a *maintenance) receiveRemarks() (remarks []string, err error) {
	head, size, err := a.readHead()
	if err != nil {
		return nil, err
	}
	if head[18] == 2 {
		remarks = append(remarks, "The file is of a database in WAL mode: changes in a -wal file beside it are missing here; ayb client import includes them")
	}
	if by := writtenBy(a.db.o.Path); by == 0 || by >= firstSameVersion {
		return remarks, nil
	}
	a.setTimeLimit(size)
	if err := a.open(a.db.o.Path, C.SQLITE_OPEN_READWRITE); err != nil {
		return remarks, nil // the checks report errors
	}
	if table, err := a.exec(storedColumnSQL); err == nil && table != "" {
		remarks = append(remarks, "The table "+quoted(table)+" has stored generated columns; SQLite before 3.53 wrote REALs as text with 15 digits, and now up to 17; rows keep the old values until they are updated")
	}
	return remarks, nil
}
