package importer

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/query"
)

const (
	previewRows  = 10
	previewBytes = 200 // of a cell
	// stopEvery is after how many rows a reader looks whether it has to stop.
	stopEvery = 1024
)

// rows is a reader of them.
type rows interface {
	next() (row, error)
}

// shape is what the data is found to be when it is read for the first time.
type shape struct {
	names  []string // of columns
	named  bool     // by the data
	exact  bool     // every row has just as many cells
	header bool     // the first row has the names
	seen   []seen
}

// table imports rows. The data is read twice: once to find out its columns and
// types, and once to put the rows in.
func (im *imports) table() error {
	open, err := im.opener()
	if err != nil {
		return err
	}
	sh, err := im.look(open)
	if err != nil {
		return err
	}
	im.result.Skipped, im.result.Bad = 0, nil // to be found again, with others
	return im.to.Load(Transaction{Bytes: im.data.bytes, Keep: !im.o.DryRun}, func(l Loader) error {
		columns, err := im.prepare(l, sh)
		if err != nil {
			return err
		}
		r, err := open(sh.header)
		if err != nil {
			return err
		}
		return im.insert(l, r, sh, columns)
	})
}

// opener finds out the dialect and gives what opens the data from its front,
// after the header if there is one.
func (im *imports) opener() (func(skipHeader bool) (rows, error), error) {
	src, err := im.data.text(im.encoding)
	if err != nil {
		return nil, err
	}
	most := im.data.limits.Row
	if im.o.Format == query.TransferJSON || im.o.Format == query.TransferNDJSON {
		return func(bool) (rows, error) {
			src, err := im.data.text(im.encoding)
			return newDocuments(src, im.o.Format == query.TransferNDJSON, most), err
		}, nil
	}
	s, err := newSample(src)
	if err != nil {
		return nil, err
	}
	d := s.dialect(im.o)
	im.result.Delimiter = string(d.delimiter)
	im.result.Header = im.o.Header == "yes" || im.o.Header == "" && s.header(d, im.o.Null)
	return func(skipHeader bool) (rows, error) {
		src, err := im.data.text(im.encoding)
		if err != nil {
			return nil, err
		}
		r := newDelimited(src, d, im.o.Null, most)
		if skipHeader {
			if _, err := r.next(); err != nil {
				return nil, err
			}
		}
		return r, nil
	}, nil
}

// look reads all of the data for the first time.
func (im *imports) look(open func(bool) (rows, error)) (*shape, error) {
	r, err := open(false)
	if err != nil {
		return nil, err
	}
	sh := &shape{header: im.result.Header, exact: im.result.Delimiter != "", named: im.result.Header}
	first, err := r.next()
	if errors.Is(err, io.EOF) {
		return nil, errs.E(errs.Invalid, "There are no rows to import")
	}
	if err != nil {
		return nil, err
	}
	if sh.exact {
		if first.bad != nil {
			return nil, atLine(first.line, first.bad)
		}
		sh.columns(first)
	}
	if sh.header {
		first, err = r.next()
	}
	for n := 1; err == nil; n++ {
		if err := im.see(sh, first); err != nil {
			return nil, err
		}
		if n%stopEvery == 0 {
			if err := im.to.Stopped(); err != nil {
				return nil, err
			}
		}
		first, err = r.next()
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if docs, ok := r.(*documents); ok {
		sh.documents(docs)
	}
	if len(sh.names) == 0 {
		return nil, errs.E(errs.Invalid, "There are no rows with columns to import")
	}
	return sh, nil
}

// columns takes the columns of CSV from its first row.
func (sh *shape) columns(first row) {
	names := make([]string, len(first.cells))
	if sh.header {
		for i, c := range first.cells {
			names[i] = string(c.data)
		}
	}
	sh.names, sh.seen = distinct(names), make([]seen, len(names))
}

// documents takes the columns of JSON when all of it has been read.
func (sh *shape) documents(r *documents) {
	sh.named = !r.arrays
	names := r.names
	if r.arrays {
		names = make([]string, r.width)
	}
	sh.names = distinct(names)
	sh.seen = append(sh.seen, make([]seen, max(0, len(names)-len(sh.seen)))...)
}

// see takes one row in.
func (im *imports) see(sh *shape, got row) error {
	if why := sh.fault(got); why != nil {
		return im.bad(got.line, why)
	}
	for i, c := range got.cells {
		if i == len(sh.seen) {
			sh.seen = append(sh.seen, 0)
		}
		sh.seen[i].add(c)
	}
	return nil
}

// fault is why a row cannot be taken.
func (sh *shape) fault(got row) error {
	if got.bad == nil && sh.exact && len(got.cells) != len(sh.names) {
		return errs.E(errs.Invalid, "the row has %d fields, and %d are expected", len(got.cells), len(sh.names))
	}
	return got.bad
}

// distinct makes names of columns that a table can have: none empty, none
// twice.
func distinct(given []string) []string {
	names := make([]string, len(given))
	taken := map[string]bool{}
	for i, name := range given {
		name = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", ""))
		if name == "" {
			name = fmt.Sprintf("column%d", i+1)
		}
		names[i] = name
		for n := 2; taken[folded(names[i])]; n++ {
			names[i] = fmt.Sprintf("%s_%d", name, n)
		}
		taken[folded(names[i])] = true
	}
	return names
}

// folded is the same for names that are one to SQLite, which knows capitals of
// ASCII only: é and É are two columns.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		return r
	}, name)
}

// insert reads all of the data again and puts the rows in.
func (im *imports) insert(l Loader, r rows, sh *shape, columns []query.ImportColumn) error {
	im.result.Columns = columns
	values := make([]query.Value, len(columns))
	for n := 1; ; n++ {
		got, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		why := sh.fault(got)
		if why == nil {
			clear(values)
			for i, c := range got.cells {
				values[i] = c.value(columns[i].Type)
			}
			if why, err = l.Insert(values); err != nil {
				return atLine(got.line, err)
			}
		}
		if why != nil {
			if err := im.bad(got.line, why); err != nil {
				return err
			}
		} else {
			im.result.Rows++
			im.preview(got)
		}
		if n%stopEvery == 0 {
			if err := im.to.Stopped(); err != nil {
				return err
			}
		}
	}
}

// preview shows a row of a dry run.
func (im *imports) preview(got row) {
	if !im.o.DryRun || len(im.result.Preview) == previewRows {
		return
	}
	shown := make([]*string, len(im.result.Columns))
	for i, c := range got.cells {
		if c.kind != null {
			s := shortened(strings.ToValidUTF8(string(c.data[:min(len(c.data), previewBytes+4)]), "\uFFFD"), previewBytes)
			shown[i] = &s
		}
	}
	im.result.Preview = append(im.result.Preview, shown)
}

// prepare makes the table ready. It gives the columns that the data goes to,
// and as what its values are given.
func (im *imports) prepare(l Loader, sh *shape) ([]query.ImportColumn, error) {
	names, types, found, err := l.Columns(im.o.Table)
	if err != nil {
		return nil, err
	}
	shown := shortened(im.o.Table, 80)
	switch {
	case found && im.o.Mode == query.ImportCreate:
		return nil, errs.E(errs.Conflict, "There is a table %s already; import with the mode append or replace, or choose another name", shown)
	case !found && im.o.Mode == query.ImportAppend:
		return nil, errs.RecordNotFound("table", shown)
	}
	columns := sh.found()
	if found {
		fitting, why := sh.fit(names, types)
		switch {
		case why == nil && im.o.Mode == query.ImportReplace:
			err = change(l, "DELETE FROM main."+quoteName(im.o.Table))
		case why == nil: // appended
		case im.o.Mode == query.ImportAppend:
			return nil, why
		default:
			err = change(l, "DROP TABLE main."+quoteName(im.o.Table))
			found = false
		}
		if err != nil {
			return nil, err
		}
		if why == nil {
			columns = fitting
		}
	}
	if !found {
		im.result.Created = true
		if err := change(l, createTable(im.o.Table, columns)); err != nil {
			return nil, err
		}
	}
	into := make([]string, len(columns))
	for i, c := range columns {
		into[i] = c.Name
	}
	return columns, l.Into(im.o.Table, into)
}

// change does what the import cannot do without.
func change(l Loader, sql string) error {
	_, bad, err := l.Exec(sql)
	return errors.Join(bad, err)
}

func createTable(name string, columns []query.ImportColumn) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE main." + quoteName(name) + " (")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoteName(c.Name) + " " + c.Type)
	}
	b.WriteString(")")
	return b.String()
}

// found is the columns as they were found.
func (sh *shape) found() []query.ImportColumn {
	columns := make([]query.ImportColumn, len(sh.names))
	for i, name := range sh.names {
		columns[i] = query.ImportColumn{Name: name, Type: sh.seen[i].typed()}
	}
	return columns
}

// fit finds the columns of a table for those of the data: by name if it has
// names, else by place. Values go in as texts, of which the table makes what
// its columns are declared to be; where they are declared nothing, as what
// they were found to be.
func (sh *shape) fit(names, types []string) ([]query.ImportColumn, error) {
	columns := sh.found()
	if !sh.named && len(names) != len(columns) {
		return nil, errs.E(errs.Invalid, "The table has %d columns and the data %d, without names", len(names), len(columns))
	}
	places := map[string]int{}
	for i, name := range names {
		places[folded(name)] = i
	}
	for i := range columns {
		at := i
		if sh.named {
			var has bool
			if at, has = places[folded(columns[i].Name)]; !has {
				return nil, errs.E(errs.Invalid, "The table has no column %s; it has: %s", shortened(columns[i].Name, 80), shortened(strings.Join(names, ", "), 300))
			}
		}
		columns[i].Name = names[at]
		if converts(types[at]) {
			columns[i].Type = typeText
		}
	}
	return columns, nil
}

// converts tells whether a column declared so makes numbers of texts that are
// some, or keeps texts: whether it has an affinity, by SQLite's rules.
func converts(declared string) bool {
	t := strings.ToUpper(declared)
	if strings.Contains(t, "INT") || strings.Contains(t, "CHAR") || strings.Contains(t, "CLOB") || strings.Contains(t, "TEXT") {
		return true
	}
	return t != "" && t != "ANY" && !strings.Contains(t, "BLOB")
}
