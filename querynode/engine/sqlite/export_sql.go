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
)

// An export as SQL is a script that any program with SQLite can run, and that
// can be imported here: tables with their rows, then virtual tables, whose own
// tables are left out, then indexes, views and triggers, so that none of these
// acts on what is loaded. Values come back exactly the same; sqlite3 before
// 3.47 rounds the last digit of some REALs beyond 1e230 and below 1e-290.

// Parts of the statements that list what is exported. They take the rowid for
// the order in which things were made.
const (
	ofTables = `SELECT s.name, s.sql, l.wr, l.type, s.type FROM sqlite_schema AS s
		JOIN (SELECT name, wr, type FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow') AS l ON l.name = s.name
		WHERE s.type = 'table' AND substr(s.name, 1, 7) <> 'sqlite_' COLLATE NOCASE`
	ofOthers = `SELECT name, sql, 0, type, type FROM sqlite_schema WHERE sql IS NOT NULL
		AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')`
	inOrder = ` ORDER BY 4 = 'virtual', s.rowid`
)

// dump writes the script.
func (x *export) dump() error {
	only := exported{}
	if x.o.Table != "" {
		var err error
		if only, err = x.table(); err != nil {
			return err
		}
	}
	o := &x.r.out
	o.add("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nPRAGMA defer_foreign_keys=ON;\n")
	if x.o.Table == "" {
		if err := x.numbers(); err != nil {
			return err
		}
	}
	d := &dumper{export: x, only: only}
	if err := d.everything(); err != nil {
		return err
	}
	o.add("COMMIT;\nPRAGMA foreign_keys=ON;\n")
	return nil
}

// numbers writes those that the owner keeps in the header.
func (x *export) numbers() error {
	for _, name := range []string{"application_id", "user_version"} {
		err := x.read("PRAGMA "+name, func(l *look) {
			if n := l.integer(0); n != 0 {
				x.r.out.add("PRAGMA " + name + "=" + strconv.FormatInt(n, 10) + ";\n")
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dumper is what an export as SQL has to remember.
type dumper struct {
	*export
	only   exported // empty is everything
	rowids bool     // rows keep their numbers
}

func (d *dumper) everything() error {
	// A table for searching may know the rows of another by their numbers.
	err := d.read(`SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual' LIMIT 1`, func(*look) { d.rowids = true })
	if err != nil {
		return err
	}
	if err := d.each(ofTables+d.about("s.name")+inOrder, d.table); err != nil {
		return err
	}
	if err := d.statistics(); err != nil {
		return err
	}
	for _, kind := range []string{"index", "view", "trigger"} {
		where := d.about("tbl_name")
		if kind == "view" {
			where = d.about("name")
		}
		if err := d.each(ofOthers+` AND type = '`+kind+`'`+where+` ORDER BY rowid`, d.create); err != nil {
			return err
		}
	}
	return nil
}

// about limits a list to what is exported.
func (d *dumper) about(column string) string {
	if d.only.name == "" {
		return ""
	}
	return ` AND ` + column + ` = ` + quoteText(d.only.name) + ` COLLATE NOCASE`
}

// each calls do for everything in a list.
func (d *dumper) each(sql string, do func(*look) error) error {
	l, err := d.r.look(sql)
	if err != nil {
		return err
	}
	defer l.close()
	return l.rows(do)
}

// create writes the statement at which the list stands.
func (d *dumper) create(l *look) error {
	if err := appendLong(&d.r.out, onlyStatement(l.text(1))); err != nil {
		return err
	}
	d.r.out.add(";\n")
	return d.r.out.room()
}

// table writes the table at which the list stands, with its rows.
func (d *dumper) table(l *look) error {
	name, sql := l.text(0), l.text(1)
	kind, args := "", ""
	if l.text(3) == "virtual" {
		kind, args = module(sql)
	}
	lost := strings.HasPrefix(kind, "fts") && contentless.MatchString(args)
	if lost {
		d.r.out.add("-- The rows of the next table cannot be exported: it keeps no text.\n")
		d.remarks = append(d.remarks, "The rows of the table "+quoted(name)+" are not exported: it keeps no text")
	}
	if err := d.create(l); err != nil || lost {
		return err
	}
	rowid := d.rowids && l.integer(2) == 0
	if l.text(3) == "virtual" {
		switch kind {
		case "fts3", "fts4", "fts5":
			rowid = true
		case "rtree", "rtree_i32", "geopoly":
			rowid = false
		default: // its rows are made of something else
			return nil
		}
	}
	if err := d.tableRows(l, name, rowid); err != nil {
		return err
	}
	if hasWord(onlyStatement(sql), "AUTOINCREMENT") {
		return d.sequence(name)
	}
	return nil
}

// tableRows writes the rows of a table.
func (d *dumper) tableRows(l *look, name string, rowid bool) error {
	columns, key, err := d.columns(l)
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
	return d.insert(name, list, "SELECT "+list+" FROM main."+quoteName(name))
}

// insert writes what a statement gives as rows of a table.
func (d *dumper) insert(table, columns, sql string) error {
	d.r.enc = &inserts{into: "INSERT INTO " + quoteName(table) + "(" + columns + ")"}
	return d.export.rows(sql)
}

// columns gives those of a table that hold something, and tells whether one of
// them is another name of the rowid.
func (d *dumper) columns(table *look) (names []string, key bool, err error) {
	l, err := d.r.look(columnsSQL)
	if err != nil {
		return nil, false, err
	}
	defer l.close()
	keys, integer := 0, false
	err = l.each(table, func(l *look) error {
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

// sequence writes where the numbers of an AUTOINCREMENT table go on.
func (d *dumper) sequence(table string) error {
	d.r.out.add("DELETE FROM sqlite_sequence WHERE name=")
	if err := appendTextLiteral(&d.r.out, []byte(table)); err != nil {
		return err
	}
	d.r.out.add(";\n")
	return d.insert("sqlite_sequence", "name,seq", "SELECT name, seq FROM main.sqlite_sequence WHERE name = "+quoteText(table))
}

// statistics writes what ANALYZE has found out of the tables. There may be
// none, and a file may hold another table by that name.
func (d *dumper) statistics() error {
	const from = ` FROM main.sqlite_stat1 WHERE tbl IN (SELECT name FROM sqlite_schema WHERE type = 'table')`
	some := false
	err := d.read(`SELECT tbl, idx, stat`+from+d.about("tbl")+` LIMIT 1`, func(*look) { some = true })
	if err != nil && !ordinary(err) {
		return err
	}
	if err != nil || !some {
		return nil
	}
	d.r.out.add("ANALYZE sqlite_schema;\n")
	return d.insert("sqlite_stat1", "tbl,idx,stat", `SELECT tbl, idx, stat`+from+d.about("tbl"))
}
