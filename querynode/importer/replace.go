package importer

import (
	"errors"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/query"
)

// renew makes a table anew, with other columns. What it has beside columns
// stays as far as it applies, and what goes is told. Its triggers see its rows
// go and come, as in a table whose columns stay.
func (im *imports) renew(l Loader, columns []query.ImportColumn) error {
	parts, err := l.Parts(im.o.Table)
	if err != nil {
		return err
	}
	if err := change(l, "DELETE FROM main."+quoteName(im.o.Table)); err != nil {
		return err
	}
	if err := change(l, "DROP TABLE main."+quoteName(im.o.Table)); err != nil {
		return err
	}
	var kept, gone []string
	for _, c := range parts.Constraints {
		if hasAll(columns, c.Columns) {
			kept = append(kept, c.SQL)
		} else {
			gone = append(gone, c.Name)
		}
	}
	if err := change(l, createTable(im.o.Table, columns, kept...)); err != nil {
		return err
	}
	gone = append(gone, parts.Words...)
	for _, o := range parts.Objects {
		why, err := im.object(l, o)
		if err != nil {
			return err
		}
		if why != nil {
			gone = append(gone, o.Type+" "+shortened(o.Name, 80)+" ("+shortened(errs.Public(why).Message, 200)+")")
		}
	}
	if len(gone) > 0 {
		im.note("The columns are others than those of the table, so that it was made anew, without: " + strings.Join(gone, "; "))
	}
	return nil
}

// object makes an index or a trigger again. bad is why it does not apply.
func (im *imports) object(l Loader, o query.TableObject) (bad, err error) {
	if _, bad, err = l.Exec(o.SQL); bad != nil || err != nil || o.Type != "trigger" {
		return bad, err
	}
	// What a trigger does is looked at when it is to run.
	table := "main." + quoteName(im.o.Table)
	for _, sql := range []string{"EXPLAIN INSERT INTO " + table + " DEFAULT VALUES", "EXPLAIN UPDATE " + table + " SET rowid = rowid", "EXPLAIN DELETE FROM " + table} {
		if _, bad, err = l.Exec(sql); bad != nil || err != nil {
			break
		}
	}
	if bad == nil || err != nil {
		return nil, err
	}
	return bad, errors.Join(change(l, "DROP TRIGGER main."+quoteName(o.Name)))
}

// hasAll reports whether columns of all these names are among those.
func hasAll(columns []query.ImportColumn, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.ContainsFunc(columns, func(c query.ImportColumn) bool { return folded(c.Name) == folded(name) })
	})
}
