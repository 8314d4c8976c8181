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

// Another version of SQLite may compute something else of the same row: since
// 3.53 a REAL becomes text of up to 17 digits. An index over that, or over a
// column that is computed, then disagrees with its table. So those indexes are
// made anew in files that come, and once after an upgrade. Which version has
// written a file last is in its header; the engine writes the header anew when
// it has made the indexes, so nothing else has to be kept.

// computedIndexSQL asks for an index over what is computed, or of rows that are chosen
// by something computed.
const computedIndexSQL = `SELECT 1 FROM sqlite_schema AS s WHERE s.type = 'index' AND (s.sql LIKE '%where%'
	OR EXISTS (SELECT 1 FROM pragma_index_xinfo(s.name, 'main') AS x WHERE x.cid = -2
		OR x.key AND x.name IN (SELECT name FROM pragma_table_xinfo(s.tbl_name, 'main') WHERE hidden IN (2, 3)))) LIMIT 1`

// storedColumnSQL asks for a table that keeps what it has computed.
const storedColumnSQL = `SELECT s.name FROM sqlite_schema AS s, pragma_table_xinfo(s.name, 'main') AS c WHERE s.type = 'table' AND c.hidden = 3 LIMIT 1`

// firstSameVersion is the first version that makes texts of REALs as this one does.
const firstSameVersion = 3053000

// versionStamp writes the header, and so the version, without changing anything.
const versionStamp = `PRAGMA user_version`

// writtenBy is the version of SQLite that has last written the header of a
// file, such as 3054001; 0 when that cannot be told.
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

// rebuildOldIndexes makes the indexes anew that the version of SQLite that has written the
// file may have filled otherwise. An index that cannot be made anew stays as it is.
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

// ignoreIndexError keeps a database from being closed to all for the sake of an
// index.
func (c *conn) ignoreIndexError(rc C.int) C.int {
	switch primary(rc) {
	case C.SQLITE_ERROR, C.SQLITE_CONSTRAINT:
		return C.SQLITE_OK
	}
	return rc
}

// rebuildIndexes makes the indexes of a file anew that another version of SQLite may
// have filled otherwise, and tells what the file needs and SQLite has not here:
// then it could be neither changed nor copied.
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

// checkCopyable tells why the database could not be copied: a copy begins with all
// its tables and indexes, made by their own statements.
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

// queryTexts runs one statement, as the policy lets it, and gives the first column.
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

// tryExec runs a statement, and tells why it cannot be run if that is because of
// the file.
func (a *maintenance) tryExec(sql string) (wrong string, err error) {
	_, err = a.exec(sql)
	if m := sqlMessage(err); m != "" {
		return m, nil
	}
	return "", err
}

// missingFeature gives the message if it is about something that SQLite has not here.
func missingFeature(wrong string) string {
	for _, begin := range []string{"no such collation sequence: ", "no such function: ", "no such module: ", "unknown function: ", "unsafe use of "} {
		if strings.HasPrefix(wrong, begin) {
			return wrong
		}
	}
	return ""
}

// Remarks tells of a file that has come whole what its sender may not expect.
func (a *maintenance) receiveRemarks() (remarks []string, err error) {
	head, size, err := a.readHead()
	if err != nil {
		return nil, err
	}
	if head[18] == 2 {
		remarks = append(remarks, "The file is of a database in WAL mode: if a file with -wal at the end of its name lay beside it, what is in that is not here; ayb client import takes both")
	}
	if by := writtenBy(a.db.o.Path); by == 0 || by >= firstSameVersion {
		return remarks, nil
	}
	a.setTimeLimit(size)
	if err := a.open(a.db.o.Path, C.SQLITE_OPEN_READWRITE); err != nil {
		return remarks, nil // what is wrong is told by those who check it
	}
	if table, err := a.exec(storedColumnSQL); err == nil && table != "" {
		remarks = append(remarks, "The table "+quoted(table)+" stores what it computes, and SQLite before 3.53 wrote REALs in texts with 15 digits, where they now have up to 17; rows keep what is stored until they are updated")
	}
	return remarks, nil
}
