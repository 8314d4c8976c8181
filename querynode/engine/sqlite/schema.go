//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"slices"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
)

// Schema sends the objects of the database to sink as the JSON of query.Schema,
// ordered by name, as of one moment. It runs on a reader and can be stopped
// like a statement; the batch and the format of the job are ignored. Memory is
// bounded for any schema: objects are encoded at once and kept on disk until
// the reader is free again. The answer begins when it is complete.
func (db *DB) Schema(job *engine.Job, sink engine.Sink) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	r := &execution{db: db, job: job, sink: sink, left: job.Timeout, spool: spool{dir: db.o.TempDir, used: &db.spooled, space: db}}
	defer r.free()
	if err := r.withConnection(db.readers, r.describe); err != nil {
		return err
	}
	if !r.spool.empty() {
		if err := r.spool.replay(r.b.raw, func(p []byte) error { return sink.Write(p, false) }); err != nil {
			return err
		}
	}
	return sink.Write(r.out.Buf, true)
}

// describe writes the entire description, in one read transaction.
func (r *execution) describe() error {
	r.out.Next = r.spool.write
	if rc := r.c.exec("BEGIN"); rc != C.SQLITE_OK {
		return r.failure(rc, 0)
	}
	if err := r.describeAll(); err != nil {
		return err
	}
	r.detach()
	if rc := r.c.exec("COMMIT"); rc != C.SQLITE_OK {
		return r.failure(rc, 0)
	}
	return nil
}

func (r *execution) describeAll() error {
	d := &describer{r: r, o: &r.out}
	defer d.close()
	if err := d.prepare(); err != nil {
		return err
	}
	d.add(`{"tables":[`)
	if err := d.writeObjects(0); err != nil {
		return err
	}
	d.add(`],"views":[`)
	if err := d.writeObjects(1); err != nil {
		return err
	}
	d.add(`]}`)
	return nil
}

// describer writes objects one after another. It uses the table-valued forms of
// SQLite's pragmas, each compiled once.
type describer struct {
	r *execution
	o *encode.Output

	list, sql, columns, keys, indexes, parts *cursor

	indexRows map[uint64]int64 // row of an index's SQL, by hash of its name
	counted   map[uint64]int64 // row counts of ANALYZE, by hash of the table's name
	hash      hasher
	mostRows  uint64 // number of rows for which the file has space
}

// The statements. ?1 is the name of the object.
const (
	// Materialized and joined by an automatic index, so that many tables do not
	// take quadratic time.
	listSQL = `WITH l AS MATERIALIZED (SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow')
		SELECT s.name, l.type, l.wr, l.strict, s.rowid FROM sqlite_schema AS s JOIN l ON l.name = s.name
		WHERE s.type IN ('table', 'view') AND (s.type = 'view') = ?1 AND substr(s.name, 1, 7) <> 'sqlite_' COLLATE NOCASE ORDER BY s.name`
	textSQL    = `SELECT sql FROM sqlite_schema WHERE rowid = ?1`
	columnsSQL = `SELECT name, type, "notnull", dflt_value, hidden, pk FROM pragma_table_xinfo(?1, 'main')`
	keysSQL    = `SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?1, 'main') ORDER BY id DESC, seq`
	indexesSQL = `SELECT name, "unique", origin, partial FROM pragma_index_list(?1, 'main') ORDER BY name`
	partsSQL   = `SELECT name FROM pragma_index_info(?1, 'main')`
)

func (d *describer) prepare() error {
	for _, p := range []struct {
		to  **cursor
		sql string
	}{
		{&d.list, listSQL}, {&d.sql, textSQL}, {&d.columns, columnsSQL},
		{&d.keys, keysSQL}, {&d.indexes, indexesSQL}, {&d.parts, partsSQL},
	} {
		l, err := d.r.openCursor(p.sql)
		if err != nil {
			return err
		}
		*p.to = l
	}
	return d.prefetch()
}

func (d *describer) close() {
	for _, l := range []*cursor{d.list, d.sql, d.columns, d.keys, d.indexes, d.parts} {
		l.close()
	}
}

// add writes text without escaping.
func (d *describer) add(s string) { d.o.Buf = append(d.o.Buf, s...) }

func (d *describer) boolean(b bool) {
	if b {
		d.add(`true`)
		return
	}
	d.add(`false`)
}

// writeObjects writes the tables (views 0) or the views (1).
func (d *describer) writeObjects(views int64) error {
	if err := d.list.bindInt(views); err != nil {
		return err
	}
	first := true
	return d.list.each(func(*cursor) error {
		if !first {
			d.add(`,`)
		}
		first = false
		return d.writeObject()
	})
}

// writeObject writes the current object of the list.
func (d *describer) writeObject() error {
	kind := d.list.text(1)
	d.add(`{"name":`)
	if err := d.list.write(d.o, 0); err != nil {
		return err
	}
	d.add(`,"type":"` + kind + `","sql":`)
	if err := d.writeSQL(d.list.integer(4)); err != nil {
		return err
	}
	d.add(`,"columns":`)
	table, broken, err := d.writeColumns(kind != "table")
	if err != nil {
		return err
	}
	if d.list.integer(2) != 0 {
		table.rowid = ""
	}
	d.add(`,"primary_key":`)
	if err := d.writeNames(table.key()); err != nil {
		return err
	}
	if err := d.writeDetails(kind, table); err != nil {
		return err
	}
	d.add(`,"without_rowid":`)
	d.boolean(d.list.integer(2) != 0)
	d.add(`,"strict":`)
	d.boolean(d.list.integer(3) != 0)
	if broken != "" {
		d.add(`,"error":`)
		if err := encode.AppendJSONText(d.o, []byte(broken)); err != nil {
			return err
		}
	}
	d.add(`}`)
	return d.o.FlushIfFull()
}

// writeDetails writes the properties that only real tables have.
func (d *describer) writeDetails(kind string, t tableShape) error {
	if kind != "table" {
		d.add(`,"foreign_keys":[],"indexes":[],"row_estimate":null`)
		return nil
	}
	d.add(`,"foreign_keys":`)
	if err := d.writeKeys(); err != nil {
		return err
	}
	d.add(`,"indexes":`)
	if err := d.writeIndexes(); err != nil {
		return err
	}
	d.add(`,"row_estimate":`)
	return d.writeRows(t)
}

// writeSQL writes the SQL of an object, which is in a row of sqlite_schema.
func (d *describer) writeSQL(row int64) error {
	if err := d.sql.bindInt(row); err != nil {
		return err
	}
	return d.sql.each(func(l *cursor) error { return l.write(d.o, 0) })
}

// tableShape is what later steps need of a table's columns.
type tableShape struct {
	keys  []keyColumn
	rowid string // an unused name of the rowid, or empty
}

type keyColumn struct {
	at   int64
	name string
}

// key returns the primary key, in its order.
func (s tableShape) key() []string {
	slices.SortFunc(s.keys, func(a, b keyColumn) int { return int(a.at - b.at) })
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.name
	}
	return names
}

// rowidName returns a name of the rowid that no column has.
func rowidName(taken []string) string {
	for _, n := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.ContainsFunc(taken, func(t string) bool { return strings.EqualFold(t, n) }) {
			return n
		}
	}
	return ""
}
