//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"slices"
	"strings"
)

// Schema passes to sink what the database holds, as the JSON of query.Schema,
// ordered by name: all of it as it was at one moment. It runs on a reader and
// is stopped as a statement is; the batch and the format of the job do not
// matter. Memory is bounded however large the schema is: what is found is
// encoded at once and kept back on disk until the reader is free again. The
// answer begins only when it is complete.
func (db *DB) Schema(job *Job, sink Sink) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	r := &run{db: db, job: job, sink: sink, left: job.Timeout, spool: spool{dir: db.o.TempDir, used: &db.spooled, room: db}}
	defer r.free()
	if err := r.work(db.readers, r.describe); err != nil {
		return err
	}
	if !r.spool.empty() {
		if err := r.spool.replay(r.b.raw, func(p []byte) error { return sink.Write(p, false) }); err != nil {
			return err
		}
	}
	return sink.Write(r.out.buf, true)
}

// describe writes the whole description, in one read transaction.
func (r *run) describe() error {
	r.out.to = r.spool.write
	if rc := r.c.exec("BEGIN"); rc != C.SQLITE_OK {
		return r.failure(rc, 0)
	}
	if err := r.describeAll(); err != nil {
		return err
	}
	r.letGo()
	if rc := r.c.exec("COMMIT"); rc != C.SQLITE_OK {
		return r.failure(rc, 0)
	}
	return nil
}

func (r *run) describeAll() error {
	d := &describer{r: r, o: &r.out}
	defer d.close()
	if err := d.prepare(); err != nil {
		return err
	}
	d.raw(`{"tables":[`)
	if err := d.objects(0); err != nil {
		return err
	}
	d.raw(`],"views":[`)
	if err := d.objects(1); err != nil {
		return err
	}
	d.raw(`]}`)
	return nil
}

// describer writes objects one after another. It asks SQLite through the
// table-valued forms of its pragmas, each compiled once.
type describer struct {
	r *run
	o *output

	list, sql, columns, keys, indexes, parts *look

	indexRows map[uint64]int64 // where the SQL of an index is, by hash of its name
	counted   map[uint64]int64 // rows as ANALYZE counted them, by hash of the table's name
	hash      hasher
	mostRows  uint64 // that the file has room for
}

// The statements. Those about an object take its name as ?1.
const (
	// Materialized and joined by an index that SQLite makes for it, so that
	// many tables do not take quadratic time.
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
		to  **look
		sql string
	}{
		{&d.list, listSQL}, {&d.sql, textSQL}, {&d.columns, columnsSQL},
		{&d.keys, keysSQL}, {&d.indexes, indexesSQL}, {&d.parts, partsSQL},
	} {
		l, err := d.r.look(p.sql)
		if err != nil {
			return err
		}
		*p.to = l
	}
	return d.gather()
}

func (d *describer) close() {
	for _, l := range []*look{d.list, d.sql, d.columns, d.keys, d.indexes, d.parts} {
		l.close()
	}
}

// raw writes text that needs no escaping.
func (d *describer) raw(s string) { d.o.buf = append(d.o.buf, s...) }

func (d *describer) boolean(b bool) {
	if b {
		d.raw(`true`)
		return
	}
	d.raw(`false`)
}

// objects writes the tables (views 0) or the views (1).
func (d *describer) objects(views int64) error {
	if err := d.list.bindInt(views); err != nil {
		return err
	}
	first := true
	return d.list.rows(func(*look) error {
		if !first {
			d.raw(`,`)
		}
		first = false
		return d.object()
	})
}

// object writes the object at which the list stands.
func (d *describer) object() error {
	kind := d.list.text(1)
	d.raw(`{"name":`)
	if err := d.list.write(d.o, 0); err != nil {
		return err
	}
	d.raw(`,"type":"` + kind + `","sql":`)
	if err := d.statement(d.list.integer(4)); err != nil {
		return err
	}
	d.raw(`,"columns":`)
	table, broken, err := d.writeColumns(kind != "table")
	if err != nil {
		return err
	}
	if d.list.integer(2) != 0 {
		table.rowid = ""
	}
	d.raw(`,"primary_key":`)
	if err := d.writeNames(table.key()); err != nil {
		return err
	}
	if err := d.details(kind, table); err != nil {
		return err
	}
	d.raw(`,"without_rowid":`)
	d.boolean(d.list.integer(2) != 0)
	d.raw(`,"strict":`)
	d.boolean(d.list.integer(3) != 0)
	if broken != "" {
		d.raw(`,"error":`)
		if err := appendText(d.o, []byte(broken)); err != nil {
			return err
		}
	}
	d.raw(`}`)
	return d.o.room()
}

// details writes what only real tables have.
func (d *describer) details(kind string, t shape) error {
	if kind != "table" {
		d.raw(`,"foreign_keys":[],"indexes":[],"row_estimate":null`)
		return nil
	}
	d.raw(`,"foreign_keys":`)
	if err := d.writeKeys(); err != nil {
		return err
	}
	d.raw(`,"indexes":`)
	if err := d.writeIndexes(); err != nil {
		return err
	}
	d.raw(`,"row_estimate":`)
	return d.writeRows(t)
}

// statement writes the SQL that made what is at a row of sqlite_schema.
func (d *describer) statement(row int64) error {
	if err := d.sql.bindInt(row); err != nil {
		return err
	}
	return d.sql.rows(func(l *look) error { return l.write(d.o, 0) })
}

// shape is what has to be known of a table's columns to go on.
type shape struct {
	keys  []keyColumn
	rowid string // a name for the rowid that no column has; empty if there is none
}

type keyColumn struct {
	at   int64
	name string
}

// key is the primary key, in its order.
func (s shape) key() []string {
	slices.SortFunc(s.keys, func(a, b keyColumn) int { return int(a.at - b.at) })
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.name
	}
	return names
}

// rowidName picks a name of the rowid that is not among those of columns.
func rowidName(taken []string) string {
	for _, n := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.ContainsFunc(taken, func(t string) bool { return strings.EqualFold(t, n) }) {
			return n
		}
	}
	return ""
}
