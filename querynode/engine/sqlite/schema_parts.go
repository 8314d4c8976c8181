//go:build cgo && (linux || darwin)

package sqlite

import (
	"errors"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// What PRAGMA table_xinfo says with hidden.
const (
	hiddenColumn  = 1
	virtualColumn = 2
	storedColumn  = 3
)

// writeColumns writes the columns of the object. Where they may depend on
// something that is broken, that is told instead of failing.
func (d *describer) writeColumns(mayFail bool) (s shape, broken string, err error) {
	var names []string // those that could be a name of the rowid
	first := true
	d.raw(`[`)
	err = d.columns.each(d.list, func(c *look) error {
		if !first {
			d.raw(`,`)
		}
		first = false
		if n := c.text(0); len(n) <= len("_rowid_") {
			names = append(names, n)
		}
		if at := c.integer(5); at > 0 {
			s.keys = append(s.keys, keyColumn{at, c.text(0)})
		}
		return d.column()
	})
	d.raw(`]`)
	s.rowid = rowidName(names)
	if message := brokenObject(err); mayFail && message != "" {
		return s, message, nil
	}
	return s, "", err
}

// column writes the column at which the statement stands.
func (d *describer) column() error {
	c := d.columns
	d.raw(`{"name":`)
	if err := c.write(d.o, 0); err != nil {
		return err
	}
	d.raw(`,"type":`)
	if err := c.write(d.o, 1); err != nil {
		return err
	}
	d.raw(`,"not_null":`)
	d.boolean(c.integer(2) != 0)
	d.raw(`,"default":`)
	if err := c.write(d.o, 3); err != nil {
		return err
	}
	switch c.integer(4) {
	case hiddenColumn:
		d.raw(`,"hidden":true`)
	case virtualColumn:
		d.raw(`,"generated":"virtual"`)
	case storedColumn:
		d.raw(`,"generated":"stored"`)
	}
	d.raw(`}`)
	return d.o.room()
}

// writeKeys writes the foreign keys of the table, as they were declared.
func (d *describer) writeKeys() error {
	keys, err := d.foreignKeys()
	if err != nil {
		return err
	}
	d.raw(`[`)
	for i, k := range keys {
		if i > 0 {
			d.raw(`,`)
		}
		d.raw(`{"columns":`)
		if err := d.writeNames(k.Columns); err != nil {
			return err
		}
		d.raw(`,"table":`)
		if err := appendText(d.o, []byte(k.Table)); err != nil {
			return err
		}
		d.raw(`,"references":`)
		if err := d.writeNames(k.References); err != nil {
			return err
		}
		d.raw(`,"on_update":"` + k.OnUpdate + `","on_delete":"` + k.OnDelete + `"}`)
		if err := d.o.room(); err != nil {
			return err
		}
	}
	d.raw(`]`)
	return nil
}

// foreignKeys reads those of the table. SQLite itself holds all of them.
func (d *describer) foreignKeys() ([]daemonapi.ForeignKey, error) {
	var keys []daemonapi.ForeignKey
	id := int64(-1)
	err := d.keys.each(d.list, func(l *look) error {
		if next := l.integer(0); next != id {
			id = next
			keys = append(keys, daemonapi.ForeignKey{Table: l.text(1), OnUpdate: l.text(4), OnDelete: l.text(5)})
		}
		k := &keys[len(keys)-1]
		k.Columns = append(k.Columns, l.text(2))
		if !l.null(3) { // else the primary key there
			k.References = append(k.References, l.text(3))
		}
		return nil
	})
	return keys, err
}

// writeIndexes writes the indexes of the table.
func (d *describer) writeIndexes() error {
	d.raw(`[`)
	defer d.raw(`]`)
	first := true
	return d.indexes.each(d.list, func(*look) error {
		if !first {
			d.raw(`,`)
		}
		first = false
		return d.index()
	})
}

// index writes the index at which the statement stands.
func (d *describer) index() error {
	x := d.indexes
	d.raw(`{"name":`)
	if err := x.write(d.o, 0); err != nil {
		return err
	}
	d.raw(`,"unique":`)
	d.boolean(x.integer(1) != 0)
	d.raw(`,"columns":[`)
	first := true
	err := d.parts.each(x, func(l *look) error {
		if !first {
			d.raw(`,`)
		}
		first = false
		return l.write(d.o, 0) // null is an expression
	})
	if err != nil {
		return err
	}
	d.raw(`],"partial":`)
	d.boolean(x.integer(3) != 0)
	d.raw(`,"origin":"` + indexOrigin(x.text(2)) + `"`)
	if row, ok := d.indexRows[d.hash(x.text(0))]; ok {
		d.raw(`,"sql":`)
		if err := d.statement(row); err != nil {
			return err
		}
	}
	d.raw(`}`)
	return d.o.room()
}

// indexOrigin names what PRAGMA index_list has a letter for.
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
	d.raw(`[`)
	for i, n := range names {
		if i > 0 {
			d.raw(`,`)
		}
		if err := appendText(d.o, []byte(n)); err != nil {
			return err
		}
		if err := d.o.room(); err != nil {
			return err
		}
	}
	d.raw(`]`)
	return nil
}

// brokenObject is the message of an error that says that an object does not
// work, and nothing else; empty for every other error.
func brokenObject(err error) string {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Code != errs.SQL || strings.HasPrefix(e.Message, "out of memory") {
		return ""
	}
	return e.Message
}
