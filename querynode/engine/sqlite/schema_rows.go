//go:build cgo && (linux || darwin)

package sqlite

import (
	"hash/maphash"
	"strconv"
	"strings"
)

// hasher hashes names for maps, because a tenant's names may be long.
type hasher func(name string) uint64

func newHasher() hasher {
	seed := maphash.MakeSeed()
	return func(name string) uint64 { return maphash.String(seed, name) }
}

// leastRow is the minimum size of a row in the file.
const leastRow = 5

// prefetch reads at once what would need a scan for every table.
func (d *describer) prefetch() error {
	d.hash, d.indexRows, d.counted = newHasher(), map[uint64]int64{}, map[uint64]int64{}
	for _, g := range []struct {
		sql string
		row func(*cursor)
	}{
		{`SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`, func(l *cursor) {
			d.mostRows = uint64(l.integer(0)) / leastRow
		}},
		{`SELECT name, rowid FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`, func(l *cursor) {
			d.indexRows[d.hash(l.text(0))] = l.integer(1)
		}},
	} {
		if err := d.query(g.sql, g.row); err != nil {
			return err
		}
	}
	// The statistics of ANALYZE. Before the first ANALYZE the table is missing,
	// and a file may hold another table with its name.
	err := d.query(`SELECT tbl, CAST(stat AS INTEGER) FROM sqlite_stat1`, func(l *cursor) {
		h := d.hash(l.text(0))
		d.counted[h] = max(d.counted[h], l.integer(1))
	})
	if err != nil && !undoesOnlyStatement(err) {
		return err
	}
	return nil
}

// query runs a statement once.
func (d *describer) query(sql string, row func(*cursor)) error {
	l, err := d.r.openCursor(sql)
	if err != nil {
		return err
	}
	defer l.close()
	return l.each(func(l *cursor) error {
		row(l)
		return nil
	})
}

// writeRows writes the estimated number of rows.
func (d *describer) writeRows(t tableShape) error {
	n, known, err := d.estimateRows(t)
	if err != nil {
		return err
	}
	if !known {
		d.add(`null`)
		return nil
	}
	d.o.Buf = strconv.AppendUint(d.o.Buf, n, 10)
	return nil
}

// estimateRows estimates the number of rows from both ends of the table and
// from the statistics of ANALYZE, without reading the rows between.
func (d *describer) estimateRows(t tableShape) (n uint64, known bool, err error) {
	name := d.list.text(0)
	counted, analyzed := d.counted[d.hash(name)]
	least, most, empty, err := d.rowidRange(name, t.rowid)
	switch {
	case err != nil && undoesOnlyStatement(err): // the name is too long for a statement
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case empty:
		return 0, true, nil
	}
	analyzed = analyzed && counted > 0
	span := uint64(most) - uint64(least) + 1 // 0: all rowids
	switch {
	case t.rowid == "" || span == 0 || span > d.mostRows: // the rowids have gaps or are unknown
		return uint64(counted), analyzed && uint64(counted) <= d.mostRows, nil
	case analyzed && uint64(counted) <= span && span/2 <= uint64(counted): // nearly as many, and counted
		return uint64(counted), true, nil
	}
	return span, true, nil
}

// rowidRange returns the smallest and the largest rowid. For a table without
// rowids it returns only whether the table is empty.
func (d *describer) rowidRange(table, rowid string) (least, most int64, empty bool, err error) {
	from := ` FROM main."` + strings.ReplaceAll(table, `"`, `""`) + `"`
	sql := `SELECT 1, 1` + from + ` LIMIT 1`
	if rowid != "" {
		sql = `SELECT (SELECT min(` + rowid + `)` + from + `), (SELECT max(` + rowid + `)` + from + `)`
	}
	empty = true
	err = d.query(sql, func(l *cursor) { least, most, empty = l.integer(0), l.integer(1), l.null(0) })
	return least, most, empty, err
}
