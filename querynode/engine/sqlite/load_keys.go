//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Foreign keys are off during a load: rows may come in any order, and no
// foreign key action changes other data. They are checked at the end in all
// tables, because triggers may have written to any. Earlier violations do not
// fail the load.

// namedViolations is how many rows an error names.
const namedViolations = 3

// enforce turns foreign keys on or off, also within a transaction, where a
// PRAGMA has no effect.
func (c *conn) enforce(on bool) {
	var n C.int
	if on {
		n = 1
	}
	C.ayb_enforce(c.c, n)
}

// reference is a foreign key of a table.
type reference struct {
	table, parent string
	id            int64
}

// danglingKeys counts the rows with a dangling reference, by foreign key.
// unusable lists keys that SQLite cannot check, because their parent columns
// are neither a primary key nor UNIQUE.
func (r *execution) danglingKeys() (found map[reference]int64, order []reference, unusable []string, err error) {
	tables, err := r.queryNames(`SELECT DISTINCT s.name FROM sqlite_schema AS s, pragma_foreign_key_list(s.name, 'main') WHERE s.type = 'table' ORDER BY s.rowid`)
	if err != nil {
		return nil, nil, nil, err
	}
	found = map[reference]int64{}
	for _, t := range tables {
		err := r.query(`SELECT parent, fkid, count(*) FROM pragma_foreign_key_check(`+quoteText(t)+`, 'main') GROUP BY 1, 2 ORDER BY 1, 2`, func(l *cursor) {
			ref := reference{t, l.text(0), l.integer(1)}
			found[ref], order = l.integer(2), append(order, ref)
		})
		if undoesOnlyStatement(err) && err != nil {
			unusable = append(unusable, errs.Public(err).Message)
			continue
		}
		if err != nil {
			return nil, nil, nil, err
		}
	}
	return found, order, unusable, nil
}

// queryNames returns the first column of the rows of a statement.
func (r *execution) queryNames(sql string) (names []string, err error) {
	err = r.query(sql, func(l *cursor) { names = append(names, l.text(0)) })
	return names, err
}

// query calls do for each row of a statement.
func (r *execution) query(sql string, do func(*cursor)) error {
	l, err := r.openCursor(sql)
	if err != nil {
		return err
	}
	defer l.close()
	return l.each(func(l *cursor) error {
		do(l)
		return nil
	})
}

// checkKeys reports the foreign keys that the load has violated: as an error,
// or as a remark if they were not to be checked.
func (r *execution) checkKeys(o engine.LoadOptions) (remarks []string, err error) {
	now, order, unusable, err := r.danglingKeys()
	if err != nil {
		return nil, err
	}
	for _, u := range unusable {
		remarks = append(remarks, "A foreign key cannot be used: "+u)
	}
	if len(order) == 0 {
		return remarks, nil
	}
	before, err := r.danglingBefore()
	if err != nil {
		return nil, err
	}
	var named []string
	var rows int64
	for _, ref := range order {
		more := now[ref] - before[ref]
		if more <= 0 {
			continue
		}
		rows += more
		if left := namedViolations - len(named); left > 0 {
			some, err := r.nameViolations(ref, left)
			if err != nil {
				return nil, err
			}
			named = append(named, some...)
		}
	}
	if rows == 0 {
		return remarks, nil
	}
	text := strings.Join(named, "; ")
	if n := rows - int64(len(named)); n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	if !o.NoForeignKeys {
		return nil, errs.E(errs.SQL, "FOREIGN KEY constraint failed: %s; nothing was imported", text)
	}
	return append(remarks, "The data leaves foreign keys unchecked, and some do not hold: "+text), nil
}

// danglingBefore returns the violations before the load, which readers still
// see.
func (r *execution) danglingBefore() (map[reference]int64, error) {
	job := engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadOnly, Format: daemonapi.FormatCompat, Timeout: maintenanceMinimum})
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-r.job.StopSignal():
			job.Stop(r.job.Reason())
		case <-done:
		}
	}()
	old, err := newExecution(r.db, job, nil)
	if err != nil {
		return nil, err
	}
	defer old.free()
	var found map[reference]int64
	err = old.withConnection(r.db.readers, func() (err error) {
		found, _, _, err = old.danglingKeys()
		return err
	})
	return found, err
}

// nameViolations describes the first rows that violate a foreign key.
func (r *execution) nameViolations(ref reference, most int) (named []string, err error) {
	columns, err := r.queryNames(`SELECT "from" FROM pragma_foreign_key_list(` + quoteText(ref.table) + `, 'main') WHERE id = ` + fmt.Sprint(ref.id) + ` ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	var rowids []int64
	err = r.query(fmt.Sprintf(`SELECT rowid FROM pragma_foreign_key_check(%s, 'main') WHERE parent = %s AND fkid = %d LIMIT %d`,
		quoteText(ref.table), quoteText(ref.parent), ref.id, most), func(l *cursor) {
		if l.null(0) {
			named = append(named, fmt.Sprintf("a row of %s has no parent row in %s for its %s", quoted(ref.table), quoted(ref.parent), quoted(strings.Join(columns, ", "))))
		} else {
			rowids = append(rowids, l.integer(0))
		}
	})
	if err != nil {
		return nil, err
	}
	for _, id := range rowids {
		values, err := r.keyValues(ref.table, columns, id)
		if err != nil {
			return nil, err
		}
		named = append(named, fmt.Sprintf("row %d of %s has %s, which is missing in %s", id, quoted(ref.table), values, quoted(ref.parent)))
	}
	return named, nil
}

// keyValues returns columns of a row as text.
func (r *execution) keyValues(table string, columns []string, rowid int64) (string, error) {
	all, err := r.queryNames(`SELECT name FROM pragma_table_xinfo(` + quoteText(table) + `)`)
	if err != nil {
		return "", err
	}
	key := rowidName(all)
	if key == "" || len(columns) > 10 {
		return quoted(strings.Join(columns, ", ")), nil
	}
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = quoteText(quoted(c)+" ") + ` || substr(quote(` + quoteName(c) + `), 1, 60)`
	}
	text := ""
	err = r.query(`SELECT `+strings.Join(parts, ` || ', ' || `)+` FROM main.`+quoteName(table)+` WHERE `+key+` = `+fmt.Sprint(rowid), func(l *cursor) { text = l.text(0) })
	return text, err
}

// CheckEach checks the foreign keys of each row from now on, so that bad rows
// can be reported one by one. It has no effect for a table that refers to
// itself, because its rows may refer to later ones.
func (l *loader) CheckEach(table string) error {
	self := false
	err := l.query(`SELECT 1 FROM pragma_foreign_key_list(`+quoteText(table)+`, 'main') WHERE "table" = `+quoteText(table)+` COLLATE NOCASE`, func(*cursor) { self = true })
	if err == nil && !self {
		l.r.c.enforce(true)
	}
	return err
}
