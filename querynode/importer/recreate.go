package importer

import (
	"errors"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// recreateTable replaces a table by one with other columns. Its constraints,
// indexes and triggers stay as far as they apply; the others are listed in a
// remark. Triggers fire for the deleted and inserted rows, as in a table whose
// columns stay.
func (im *importRun) recreateTable(l Loader, columns []daemonapi.ImportColumn) error {
	parts, err := l.Parts(im.options.Table)
	if err != nil {
		return err
	}
	works, _, err := splitWorking(l, parts.Users)
	if err != nil {
		return err
	}
	if err := mustExec(l, "DELETE FROM main."+quoteName(im.options.Table)); err != nil {
		return err
	}
	if err := mustExec(l, "DROP TABLE main."+quoteName(im.options.Table)); err != nil {
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
	if err := mustExec(l, createTable(im.options.Table, columns, kept...)); err != nil {
		return err
	}
	gone = append(gone, parts.Words...)
	for _, o := range parts.Objects {
		why, err := im.recreateObject(l, o)
		if err != nil {
			return err
		}
		if why != nil {
			gone = append(gone, o.Type+" "+truncate(o.Name, 80)+" ("+truncate(errs.Public(why).Message, 200)+")")
		}
	}
	_, broken, err := splitWorking(l, works)
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		im.remark("These objects no longer work, because they use removed columns: " + truncate(strings.Join(broken, "; "), 1000))
	}
	if len(gone) > 0 {
		im.remark("The table was created again, because its columns differ, without: " + strings.Join(gone, "; "))
	}
	return nil
}

// recreateObject creates an index or a trigger again. bad is why it does not
// apply.
func (im *importRun) recreateObject(l Loader, o daemonapi.TableObject) (bad, err error) {
	if _, bad, err = l.Exec(o.SQL); bad != nil || err != nil || o.Type != "trigger" {
		return bad, err
	}
	if bad, err = tryCompile(l, daemonapi.TableObject{Type: "table", Name: im.options.Table}); bad == nil || err != nil {
		return nil, err
	}
	return bad, errors.Join(mustExec(l, "DROP TRIGGER main."+quoteName(o.Name)))
}

// tryCompile compiles statements that use a view or fire the triggers of a
// table: SQLite checks these only then. bad is why that fails.
func tryCompile(l Loader, o daemonapi.TableObject) (bad, err error) {
	name := "main." + quoteName(o.Name)
	statements := []string{"EXPLAIN SELECT * FROM " + name}
	if o.Type == "table" {
		statements = []string{"EXPLAIN INSERT INTO " + name + " DEFAULT VALUES", "EXPLAIN UPDATE " + name + " SET rowid = rowid", "EXPLAIN DELETE FROM " + name}
	}
	for _, sql := range statements {
		if _, bad, err = l.Exec(sql); bad != nil || err != nil {
			return bad, err
		}
	}
	return nil, nil
}

// splitWorking separates the objects that compile from the broken ones, with
// the reason.
func splitWorking(l Loader, objects []daemonapi.TableObject) (work []daemonapi.TableObject, broken []string, err error) {
	for _, o := range objects {
		bad, err := tryCompile(l, o)
		switch {
		case err != nil:
			return nil, nil, err
		case bad == nil:
			work = append(work, o)
		case o.Type == "table":
			broken = append(broken, "the triggers of "+truncate(o.Name, 80)+" ("+truncate(errs.Public(bad).Message, 200)+")")
		default:
			broken = append(broken, o.Type+" "+truncate(o.Name, 80)+" ("+truncate(errs.Public(bad).Message, 200)+")")
		}
	}
	return work, broken, nil
}

// hasAll reports whether the columns include all names.
func hasAll(columns []daemonapi.ImportColumn, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.ContainsFunc(columns, func(c daemonapi.ImportColumn) bool { return foldCase(c.Name) == foldCase(name) })
	})
}
