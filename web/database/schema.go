package database

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// schemaEntry is a table or view in the list beside the data.
type schemaEntry struct {
	Info daemonapi.Table
	URL  string
	// Current is true for the table that is shown.
	Current bool
	// Rows is the estimated number of rows, or empty.
	Rows string
	// Columns are those of the current table.
	Columns []schemaColumn
}

// schemaColumn is a column of a schemaEntry.
type schemaColumn struct {
	Name, Type string
	Key        bool
	NotNull    bool
	// References is the table that a foreign key refers to, or empty.
	References string
}

// Entry returns the entry of a table.
func (v dataView) Entry(info daemonapi.Table) schemaEntry {
	e := schemaEntry{Info: info, URL: v.TableURL(info.Name), Current: info.Name == v.Table.Info.Name}
	if info.Rows != nil {
		e.Rows = "~" + rounded(*info.Rows)
	}
	if !e.Current { // the others are a click away, and a schema can have thousands of columns
		return e
	}
	for _, c := range info.Columns {
		if c.Hidden {
			continue
		}
		column := schemaColumn{Name: c.Name, Type: strings.ToLower(c.Type), NotNull: c.NotNull, Key: slices.Contains(info.PrimaryKey, c.Name)}
		for _, f := range info.ForeignKeys {
			if slices.Contains(f.Columns, c.Name) {
				column.References = f.Table
			}
		}
		e.Columns = append(e.Columns, column)
	}
	return e
}

// rounded writes an estimate shortly: 950, 12k, 3.4M.
func rounded(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10)
	case n < 1_000_000:
		return strconv.FormatInt(n/1000, 10) + "k"
	default:
		return strconv.FormatFloat(float64(n/100_000)/10, 'f', -1, 64) + "M"
	}
}
