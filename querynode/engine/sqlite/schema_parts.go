//go:build cgo && (linux || darwin)

package sqlite

import (
	"errors"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// The values of hidden in PRAGMA table_xinfo.
const (
	hiddenColumn  = 1
	virtualColumn = 2
	storedColumn  = 3
)

// writeColumns writes the columns of the object. If they depend on a broken
// object, it writes the reason instead of failing.
func (d *describer) writeColumns(mayFail bool) (s tableShape, broken string, err error) {
	var names []string // possible names of the rowid
	first := true
	d.add(`[`)
	err = d.columns.eachFor(d.list, func(c *cursor) error {
		if !first {
			d.add(`,`)
		}
		first = false
		if n := c.text(0); len(n) <= len("_rowid_") {
			names = append(names, n)
		}
		if at := c.integer(5); at > 0 {
			s.keys = append(s.keys, keyColumn{at, c.text(0)})
		}
		return d.writeColumn()
	})
	d.add(`]`)
	s.rowid = rowidName(names)
	if message := sqlMessage(err); mayFail && message != "" {
		return s, message, nil
	}
	return s, "", err
}

// writeColumn writes the current column.
func (d *describer) writeColumn() error {
	c := d.columns
	d.add(`{"name":`)
	if err := c.write(d.o, 0); err != nil {
		return err
	}
	d.add(`,"type":`)
	if err := c.write(d.o, 1); err != nil {
		return err
	}
	d.add(`,"not_null":`)
	d.boolean(c.integer(2) != 0)
	d.add(`,"default":`)
	if err := c.write(d.o, 3); err != nil {
		return err
	}
	switch c.integer(4) {
	case hiddenColumn:
		d.add(`,"hidden":true`)
	case virtualColumn:
		d.add(`,"generated":"virtual"`)
	case storedColumn:
		d.add(`,"generated":"stored"`)
	}
	d.add(`}`)
	return d.o.FlushIfFull()
}

// writeKeys writes the foreign keys of the table, as they were declared.
func (d *describer) writeKeys() error {
	keys, err := d.foreignKeys()
	if err != nil {
		return err
	}
	d.add(`[`)
	for i, k := range keys {
		if i > 0 {
			d.add(`,`)
		}
		d.add(`{"columns":`)
		if err := d.writeNames(k.Columns); err != nil {
			return err
		}
		d.add(`,"table":`)
		if err := encode.AppendJSONText(d.o, []byte(k.Table)); err != nil {
			return err
		}
		d.add(`,"references":`)
		if err := d.writeNames(k.References); err != nil {
			return err
		}
		d.add(`,"on_update":"` + k.OnUpdate + `","on_delete":"` + k.OnDelete + `"}`)
		if err := d.o.FlushIfFull(); err != nil {
			return err
		}
	}
	d.add(`]`)
	return nil
}

// foreignKeys reads the foreign keys of the table. SQLite itself keeps all of
// them in memory.
func (d *describer) foreignKeys() ([]daemonapi.ForeignKey, error) {
	var keys []daemonapi.ForeignKey
	id := int64(-1)
	err := d.keys.eachFor(d.list, func(l *cursor) error {
		if next := l.integer(0); next != id {
			id = next
			keys = append(keys, daemonapi.ForeignKey{Table: l.text(1), OnUpdate: l.text(4), OnDelete: l.text(5)})
		}
		k := &keys[len(keys)-1]
		k.Columns = append(k.Columns, l.text(2))
		if !l.null(3) { // otherwise the primary key of the parent
			k.References = append(k.References, l.text(3))
		}
		return nil
	})
	return keys, err
}

// writeIndexes writes the indexes of the table.
func (d *describer) writeIndexes() error {
	d.add(`[`)
	defer d.add(`]`)
	first := true
	return d.indexes.eachFor(d.list, func(*cursor) error {
		if !first {
			d.add(`,`)
		}
		first = false
		return d.writeIndex()
	})
}

// writeIndex writes the current index.
func (d *describer) writeIndex() error {
	x := d.indexes
	d.add(`{"name":`)
	if err := x.write(d.o, 0); err != nil {
		return err
	}
	d.add(`,"unique":`)
	d.boolean(x.integer(1) != 0)
	d.add(`,"columns":[`)
	first := true
	err := d.parts.eachFor(x, func(l *cursor) error {
		if !first {
			d.add(`,`)
		}
		first = false
		return l.write(d.o, 0) // null means an expression
	})
	if err != nil {
		return err
	}
	d.add(`],"partial":`)
	d.boolean(x.integer(3) != 0)
	d.add(`,"origin":"` + indexOrigin(x.text(2)) + `"`)
	if row, ok := d.indexRows[d.hash(x.text(0))]; ok {
		d.add(`,"sql":`)
		if err := d.writeSQL(row); err != nil {
			return err
		}
	}
	d.add(`}`)
	return d.o.FlushIfFull()
}

// indexOrigin returns the name for a letter of PRAGMA index_list.
func indexOrigin(letter string) string {
	switch letter {
	case "pk":
		return "primary_key"
	case "u":
		return "unique"
	}
	return "index"
}

// writeNames writes an array of strings.
func (d *describer) writeNames(names []string) error {
	d.add(`[`)
	for i, n := range names {
		if i > 0 {
			d.add(`,`)
		}
		if err := encode.AppendJSONText(d.o, []byte(n)); err != nil {
			return err
		}
		if err := d.o.FlushIfFull(); err != nil {
			return err
		}
	}
	d.add(`]`)
	return nil
}

// sqlMessage returns the message of an error about a broken object; it is empty
// for all other errors.
func sqlMessage(err error) string {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Code != errs.SQL || strings.HasPrefix(e.Message, "out of memory") {
		return ""
	}
	return e.Message
}
