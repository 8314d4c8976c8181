//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine/encode"
)

// An SQL export is a script for any program with SQLite, and for imports. It
// has tables with their rows, then virtual tables without their shadow tables,
// then indexes, views and triggers, so that these do not act on loaded rows.
// Values come back exactly; sqlite3 before 3.47 rounds the last digit of some
// REALs beyond 1e230 and below 1e-290.

// Parts of the statements that list objects. Their rowid is the order of
// creation.
const (
	ofTables = `SELECT s.name, s.sql, l.wr, l.type, s.type FROM sqlite_schema AS s
		JOIN (SELECT name, wr, type FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow') AS l ON l.name = s.name
		WHERE s.type = 'table' AND substr(s.name, 1, 7) <> 'sqlite_' COLLATE NOCASE`
	ofOthers = `SELECT name, sql, 0, type, type FROM sqlite_schema WHERE sql IS NOT NULL
		AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')`
	inOrder = ` ORDER BY 4 = 'virtual', s.rowid`
)

// writeScript writes the script.
func (x *export) writeScript() error {
	only := exported{}
	if x.o.Table != "" {
		var err error
		if only, err = x.findTable(); err != nil {
			return err
		}
	}
	o := &x.r.out
	o.Add("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nPRAGMA defer_foreign_keys=ON;\n")
	if x.o.Table == "" {
		if err := x.writeHeaderNumbers(); err != nil {
			return err
		}
	}
	d := &scriptWriter{export: x, only: only}
	if err := d.writeAll(); err != nil {
		return err
	}
	o.Add("COMMIT;\nPRAGMA foreign_keys=ON;\n")
	return nil
}

// writeHeaderNumbers writes the numbers that the owner can set in the file
// header.
func (x *export) writeHeaderNumbers() error {
	for _, name := range []string{"application_id", "user_version"} {
		err := x.query("PRAGMA "+name, func(l *cursor) {
			if n := l.integer(0); n != 0 {
				x.r.out.Add("PRAGMA " + name + "=" + strconv.FormatInt(n, 10) + ";\n")
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// scriptWriter is the state of an SQL export.
type scriptWriter struct {
	*export
	only   exported // empty means all
	rowids bool     // rows keep their rowids
}

func (d *scriptWriter) writeAll() error {
	// A full-text table may refer to the rowids of another table.
	err := d.query(`SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual' LIMIT 1`, func(*cursor) { d.rowids = true })
	if err != nil {
		return err
	}
	if err := d.eachObject(ofTables+d.onlyTable("s.name")+inOrder, d.writeTable); err != nil {
		return err
	}
	if err := d.writeStatistics(); err != nil {
		return err
	}
	for _, kind := range []string{"index", "view", "trigger"} {
		where := d.onlyTable("tbl_name")
		if kind == "view" {
			where = d.onlyTable("name")
		}
		if err := d.eachObject(ofOthers+` AND type = '`+kind+`'`+where+` ORDER BY rowid`, d.writeObject); err != nil {
			return err
		}
	}
	return nil
}

// onlyTable restricts a list to the exported table.
func (d *scriptWriter) onlyTable(column string) string {
	if d.only.name == "" {
		return ""
	}
	return ` AND ` + column + ` = ` + quoteText(d.only.name) + ` COLLATE NOCASE`
}

// eachObject calls do for every object in a list.
func (d *scriptWriter) eachObject(sql string, do func(*cursor) error) error {
	l, err := d.r.openCursor(sql)
	if err != nil {
		return err
	}
	defer l.close()
	return l.each(do)
}

// writeObject writes the current object of the list.
func (d *scriptWriter) writeObject(l *cursor) error {
	if err := encode.AppendLong(&d.r.out, onlyStatement(l.text(1))); err != nil {
		return err
	}
	d.r.out.Add(";\n")
	return d.r.out.FlushIfFull()
}

// writeTable writes the current table of the list, with its rows.
func (d *scriptWriter) writeTable(l *cursor) error {
	name, sql := l.text(0), l.text(1)
	kind, args := "", ""
	if l.text(3) == "virtual" {
		kind, args = module(sql)
	}
	lost := strings.HasPrefix(kind, "fts") && contentless.MatchString(args)
	if lost {
		d.r.out.Add("-- The rows of the next table cannot be exported: it keeps no text.\n")
		d.remarks = append(d.remarks, "The rows of the table "+quoted(name)+" are not exported: it keeps no text")
	}
	if err := d.writeObject(l); err != nil || lost {
		return err
	}
	rowid := d.rowids && l.integer(2) == 0
	if l.text(3) == "virtual" {
		switch kind {
		case "fts3", "fts4", "fts5":
			rowid = true
		case "rtree", "rtree_i32", "geopoly":
			rowid = false
		default: // its rows are derived from other data
			return nil
		}
	}
	if err := d.writeRows(l, name, rowid); err != nil {
		return err
	}
	if hasWord(onlyStatement(sql), "AUTOINCREMENT") {
		return d.writeSequence(name)
	}
	return nil
}

// writeRows writes the rows of a table.
func (d *scriptWriter) writeRows(l *cursor, name string, rowid bool) error {
	columns, key, err := d.storedColumns(l)
	if err != nil {
		return err
	}
	if n := rowidName(columns); rowid && !key && n != "" {
		columns = slices.Insert(columns, 0, n)
	}
	for i, c := range columns {
		columns[i] = quoteName(c)
	}
	list := strings.Join(columns, ",")
	return d.writeInserts(name, list, "SELECT "+list+" FROM main."+quoteName(name))
}

// writeInserts writes the rows of a statement as rows of a table.
func (d *scriptWriter) writeInserts(table, columns, sql string) error {
	d.r.enc = encode.NewInserts("INSERT INTO " + quoteName(table) + "(" + columns + ")")
	return d.export.writeQuery(sql)
}

// storedColumns returns the stored columns of a table, and whether one of them
// is an alias of the rowid.
func (d *scriptWriter) storedColumns(table *cursor) (names []string, key bool, err error) {
	l, err := d.r.openCursor(columnsSQL)
	if err != nil {
		return nil, false, err
	}
	defer l.close()
	keys, integer := 0, false
	err = l.eachFor(table, func(l *cursor) error {
		if l.integer(4) == 0 {
			names = append(names, l.text(0))
		}
		if l.integer(5) > 0 {
			keys++
			integer = strings.EqualFold(l.text(1), "INTEGER")
		}
		return nil
	})
	return names, keys == 1 && integer, err
}

// writeSequence writes the counter of an AUTOINCREMENT table.
func (d *scriptWriter) writeSequence(table string) error {
	d.r.out.Add("DELETE FROM sqlite_sequence WHERE name=")
	if err := encode.AppendTextLiteral(&d.r.out, []byte(table)); err != nil {
		return err
	}
	d.r.out.Add(";\n")
	return d.writeInserts("sqlite_sequence", "name,seq", "SELECT name, seq FROM main.sqlite_sequence WHERE name = "+quoteText(table))
}

// writeStatistics writes the statistics of ANALYZE. The table may be missing,
// and a file may hold another table with its name.
func (d *scriptWriter) writeStatistics() error {
	const from = ` FROM main.sqlite_stat1 WHERE tbl IN (SELECT name FROM sqlite_schema WHERE type = 'table')`
	some := false
	err := d.query(`SELECT tbl, idx, stat`+from+d.onlyTable("tbl")+` LIMIT 1`, func(*cursor) { some = true })
	if err != nil && !undoesOnlyStatement(err) {
		return err
	}
	if err != nil || !some {
		return nil
	}
	d.r.out.Add("ANALYZE sqlite_schema;\n")
	return d.writeInserts("sqlite_stat1", "tbl,idx,stat", `SELECT tbl, idx, stat`+from+d.onlyTable("tbl"))
}
