// Package table writes the SQL with which a page browses a table and changes its
// rows. It runs nothing: the caller sends the requests to the HTTP API.
//
// A page is found by the key of the row before it, never by counting rows, so each
// page of a large table is as fast as the first. The order is the one of SQLite:
// NULL, numbers, texts, BLOBs; texts by the collation of their column.
package table

import (
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Table is a table or view that a page shows. It is not changed after New.
type Table struct {
	Info daemonapi.Table
	// Columns are the columns without hidden ones.
	Columns []daemonapi.Column
	// Key are the SQL expressions that identify a row, in order; empty for a view,
	// whose rows have no identity.
	Key []string
}

// New returns the table with this description.
func New(info daemonapi.Table) Table {
	t := Table{Info: info, Key: keyOf(info)}
	for _, c := range info.Columns {
		if !c.Hidden {
			t.Columns = append(t.Columns, c)
		}
	}
	return t
}

// rowidNames are the names of the row number, in the order of preference. A column
// with such a name hides it.
var rowidNames = []string{"rowid", "_rowid_", "oid"} //nolint:gochecknoglobals // a constant list

// keyOf returns the expressions that identify a row.
func keyOf(info daemonapi.Table) []string {
	switch {
	case info.Type != "table":
		return nil // virtual tables need not have row numbers
	case info.WithoutRowid:
		var key []string
		for _, name := range info.PrimaryKey {
			key = append(key, Quote(name))
		}
		return key
	}
	for _, name := range rowidNames {
		if !slices.ContainsFunc(info.Columns, func(c daemonapi.Column) bool { return strings.EqualFold(c.Name, name) }) {
			return []string{name}
		}
	}
	return nil // all names of the row number are hidden
}

// Editable reports whether single rows can be changed: they have a key.
func (t Table) Editable() bool { return len(t.Key) > 0 }

// Column returns the column of a name, which SQLite compares without regard to the
// case of ASCII letters.
func (t Table) Column(name string) (daemonapi.Column, bool) {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return daemonapi.Column{}, false
}

// Quote returns a name as an identifier of SQL.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Find returns the table or view of a name in a schema.
func Find(schema daemonapi.Schema, name string) (Table, bool) {
	for _, list := range [][]daemonapi.Table{schema.Tables, schema.Views} {
		for _, info := range list {
			if strings.EqualFold(info.Name, name) {
				return New(info), true
			}
		}
	}
	return Table{}, false
}
