//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Parts returns the parts of a table other than columns.
func (l *loader) Parts(table string) (p daemonapi.TableParts, err error) {
	if err := l.keys(table, &p); err != nil {
		return p, err
	}
	if err := l.references(table, &p); err != nil {
		return p, err
	}
	sql := ""
	name := quoteText(table) + ` COLLATE NOCASE`
	err = l.query(`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = `+name, func(c *cursor) { sql = onlyStatement(c.text(0)) })
	if err != nil {
		return p, err
	}
	for _, word := range []string{"AUTOINCREMENT", "CHECK", "COLLATE", "DEFAULT", "GENERATED", "NOT NULL", "STRICT", "WITHOUT ROWID"} {
		first, _, _ := strings.Cut(word, " ")
		if hasWord(sql, first) {
			p.Words = append(p.Words, word)
		}
	}
	err = l.query(`SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name = `+name+` ORDER BY rowid`, func(c *cursor) {
		p.Objects = append(p.Objects, daemonapi.TableObject{Type: c.text(0), Name: c.text(1), SQL: onlyStatement(c.text(2))})
	})
	if err != nil {
		return p, err
	}
	err = l.query(`SELECT 'view', name FROM sqlite_schema WHERE type = 'view'
		UNION SELECT DISTINCT 'table', t.name FROM sqlite_schema AS g JOIN sqlite_schema AS t ON t.type = 'table' AND t.name = g.tbl_name COLLATE NOCASE
			WHERE g.type = 'trigger' AND t.name <> `+name+` ORDER BY 2`, func(c *cursor) {
		p.Users = append(p.Users, daemonapi.TableObject{Type: c.text(0), Name: c.text(1)})
	})
	return p, err
}

// keys adds the primary key and UNIQUE constraints.
func (l *loader) keys(table string, p *daemonapi.TableParts) error {
	name := quoteText(table)
	var key []string
	err := l.query(`SELECT name FROM pragma_table_xinfo(`+name+`, 'main') WHERE pk > 0 ORDER BY pk`, func(c *cursor) { key = append(key, c.text(0)) })
	if err != nil {
		return err
	}
	if len(key) > 0 {
		p.Constraints = append(p.Constraints, constraint("PRIMARY KEY", key, ""))
	}
	var indexes []string
	err = l.query(`SELECT name FROM pragma_index_list(`+name+`, 'main') WHERE origin = 'u' ORDER BY seq DESC`, func(c *cursor) { indexes = append(indexes, c.text(0)) })
	if err != nil {
		return err
	}
	for _, index := range indexes {
		var columns []string
		err := l.query(`SELECT name FROM pragma_index_info(`+quoteText(index)+`, 'main') ORDER BY seqno`, func(c *cursor) { columns = append(columns, c.text(0)) })
		if err != nil {
			return err
		}
		p.Constraints = append(p.Constraints, constraint("UNIQUE", columns, ""))
	}
	return nil
}

// references adds the foreign keys.
func (l *loader) references(table string, p *daemonapi.TableParts) error {
	type key struct {
		parent, update, remove string
		from, to               []string
	}
	keys, order := map[int64]*key{}, []int64{}
	err := l.query(`SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(`+quoteText(table)+`, 'main') ORDER BY id DESC, seq`, func(c *cursor) {
		k := keys[c.integer(0)]
		if k == nil {
			k = &key{parent: c.text(1), update: c.text(4), remove: c.text(5)}
			keys[c.integer(0)], order = k, append(order, c.integer(0))
		}
		k.from = append(k.from, c.text(2))
		if !c.null(3) {
			k.to = append(k.to, c.text(3))
		}
	})
	for _, id := range order {
		k := keys[id]
		to := ""
		if len(k.to) > 0 {
			to = listOf(k.to)
		}
		c := constraint("FOREIGN KEY", k.from, fmt.Sprintf(" REFERENCES %s%s ON UPDATE %s ON DELETE %s", quoteName(k.parent), to, k.update, k.remove))
		if strings.EqualFold(k.parent, table) {
			c.Columns = append(c.Columns, k.to...)
		}
		p.Constraints = append(p.Constraints, c)
	}
	return err
}

// constraint returns a table constraint for CREATE TABLE.
func constraint(kind string, columns []string, rest string) daemonapi.TableConstraint {
	return daemonapi.TableConstraint{Name: kind + " (" + strings.Join(columns, ", ") + ")", Columns: columns, SQL: kind + listOf(columns) + rest}
}

// listOf returns a list of columns in SQL.
func listOf(columns []string) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoteName(c)
	}
	return "(" + strings.Join(names, ",") + ")"
}

// Texts returns the cells of the first row of a reading statement, as texts.
func (l *loader) Texts(sql string) (row []string, bad, err error) {
	err = l.query(sql, func(c *cursor) {
		if row == nil {
			row = make([]string, int(C.sqlite3_column_count(c.st.s)))
			for i := range row {
				row[i] = c.text(i)
			}
		}
	})
	if err != nil {
		bad, err = l.classify(err)
	}
	return row, bad, err
}

// Shadows returns the tables in which a virtual table keeps its data.
func (l *loader) Shadows(table string) (names []string, err error) {
	err = l.query(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'`, func(c *cursor) {
		if n := len(table) + 1; len(c.text(0)) > n && strings.EqualFold(c.text(0)[:n], table+"_") {
			names = append(names, c.text(0))
		}
	})
	return names, err
}

// Restore is Exec for a statement that fills such tables, which are otherwise
// read-only. Their content may be wrong, as in an uploaded database file, so
// the connection is not used again: it has cached their old content.
func (l *loader) Restore(sql string) (written int64, bad, err error) {
	l.r.c.broken = true
	C.ayb_defend(l.r.c.c, 0)
	defer C.ayb_defend(l.r.c.c, 1)
	return l.Exec(sql)
}
