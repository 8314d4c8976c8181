package importer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	previewRows  = 10
	previewBytes = 200 // of a cell
	// stopEvery is the number of rows after which an import checks whether it
	// has to stop.
	stopEvery = 1024
)

// rows reads rows.
type rows interface {
	next() (row, error)
}

// shape is what the first pass finds out about the data.
type shape struct {
	names  []string // of columns
	given  []string // the names in the data, if they were changed
	named  bool     // the data has names
	header bool     // the first row is a header
	typed  bool     // values have types of their own
	empty  bool     // there are no rows, so the columns are unknown
	places []int    // target index of each column; nil for the same, -1 for none
	left   []string // columns that the table generates
	seen   []valueSet

	declared []string        // column types of an existing table
	text     *delimitedShape // more about CSV; nil for JSON
}

// importTable imports rows. The data is read twice: to detect columns and
// types, and to insert the rows.
func (im *importRun) importTable() error {
	known, err := im.existingColumns()
	if err != nil {
		return err
	}
	open, sh, err := im.findForm(known)
	if err != nil {
		return err
	}
	if err := im.firstPass(open, sh); err != nil {
		return err
	}
	im.result.Skipped, im.result.SkippedLines, im.result.Bad = 0, 0, nil // the second pass counts again
	return im.load(Transaction{Bytes: im.data.bytes, Commit: !im.options.DryRun}, func(l Loader) error {
		columns, err := im.prepareTable(l, sh)
		if err != nil {
			return err
		}
		r, err := open(sh.header)
		if err != nil {
			return err
		}
		if sh.empty {
			return nil
		}
		return im.secondPass(l, r, sh, columns)
	})
}

// existingColumns returns the column names of an existing table that gets the
// rows, else nil.
func (im *importRun) existingColumns() (names []string, err error) {
	if im.options.Mode == daemonapi.ImportCreate || im.options.Header != "" || im.isJSON() {
		return nil, nil
	}
	err = im.load(Transaction{}, func(l Loader) error {
		if names, _, _, err = l.Columns(im.options.Table); err != nil {
			return err
		}
		computed, err := l.Generated(im.options.Table)
		for _, c := range computed {
			names = append(names, c.Name)
		}
		return err
	})
	return names, err
}

// findForm detects the form of the data. It returns a function that opens the
// data from the start, or after the header.
func (im *importRun) findForm(known []string) (func(skipHeader bool) (rows, error), *shape, error) {
	if !im.isJSON() {
		return im.delimited(known)
	}
	if err := im.data.requireUTF8(im.encoding); err != nil {
		return nil, nil, err
	}
	src, err := im.data.text(im.encoding, false)
	if err != nil {
		return nil, nil, err
	}
	open, err := im.openDocuments(src)
	return open, &shape{}, err
}

// firstPass reads all data for the first time.
func (im *importRun) firstPass(open func(bool) (rows, error), sh *shape) error {
	r, err := open(sh.header)
	if err != nil {
		return err
	}
	got, err := r.next()
	docs, isDocument := r.(columnsReader)
	if errors.Is(err, io.EOF) && !sh.header {
		if !isDocument {
			return errNoRows()
		}
		sh.documents(docs)
		sh.empty = len(sh.names) == 0
		return nil
	}
	for n := 1; err == nil; n++ {
		if err := im.firstPassRow(sh, got); err != nil {
			return err
		}
		if n%stopEvery == 0 {
			if err := im.target.Stopped(); err != nil {
				return err
			}
		}
		got, err = r.next()
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	if isDocument {
		sh.documents(docs)
	}
	if len(sh.names) == 0 {
		return errs.E(errs.Invalid, "The data has no rows with columns to import")
	}
	if sh.text != nil {
		return im.decideTypes(sh)
	}
	return nil
}

// firstPassRow adds one row.
func (im *importRun) firstPassRow(sh *shape, got row) error {
	if sh.text != nil {
		return im.readDelimited(sh, got)
	}
	if got.bad != nil {
		return im.reportBad(got, got.bad)
	}
	for i, c := range got.cells {
		if i == len(sh.seen) {
			sh.seen = append(sh.seen, 0)
		}
		sh.seen[i].add(c)
	}
	return nil
}

// distinctNames makes valid column names: none is empty, and no two are equal.
// With trim, surrounding blanks are removed.
func distinctNames(given []string, trim bool) []string {
	names := make([]string, len(given))
	taken := map[string]bool{}
	for i, name := range given {
		name = strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "")
		if trim {
			name = strings.TrimSpace(name)
		}
		if name == "" {
			name = fmt.Sprintf("column%d", i+1)
		}
		names[i] = name
		for n := 2; taken[foldCase(names[i])]; n++ {
			names[i] = fmt.Sprintf("%s_%d", name, n)
		}
		taken[foldCase(names[i])] = true
	}
	return names
}

// foldCase returns equal texts for names that SQLite treats as equal. SQLite
// folds ASCII only: é and É are two columns.
func foldCase(name string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		return r
	}, name)
}

// secondPass reads all data again and inserts the rows.
func (im *importRun) secondPass(l Loader, r rows, sh *shape, columns []daemonapi.ImportColumn) error {
	im.result.Columns = sh.declaredColumns(columns)
	values := make([]daemonapi.Value, len(columns))
	for n := 1; ; n++ {
		got, err := r.next()
		if errors.Is(err, io.EOF) {
			im.remarkNaN(r)
			return nil
		}
		if err != nil {
			return err
		}
		why, passed := sh.checkRow(got)
		if why == nil && !passed {
			why = sh.values(got, columns, values)
		}
		if why == nil && !passed {
			if why, err = l.Insert(values); err != nil {
				return withLine(got.line, err)
			}
		}
		switch {
		case passed:
		case why != nil:
			if err := im.reportBad(got, why); err != nil {
				return err
			}
		default:
			im.result.Rows++
			im.preview(sh, got, values)
		}
		if n%stopEvery == 0 {
			if err := im.target.Stopped(); err != nil {
				return err
			}
		}
	}
}

// prepareTable prepares the table. It returns the target columns with the types
// of their values.
func (im *importRun) prepareTable(l Loader, sh *shape) ([]daemonapi.ImportColumn, error) {
	names, types, found, err := l.Columns(im.options.Table)
	if err != nil {
		return nil, err
	}
	shown := truncate(im.options.Table, 80)
	switch {
	case found && im.options.Mode == daemonapi.ImportCreate:
		return nil, errs.E(errs.Conflict, "The table %s exists already; import with the mode append or replace, or choose another name", shown)
	case !found && im.options.Mode == daemonapi.ImportAppend:
		return nil, errs.RecordNotFound("table", shown)
	}
	if sh.empty {
		return nil, im.importNoRows(l, found)
	}
	columns := sh.foundColumns()
	if found {
		computed, err := l.Generated(im.options.Table)
		if err != nil {
			return nil, err
		}
		fitting, why := sh.fitTable(names, types, computed)
		switch {
		case why == nil && im.options.Mode == daemonapi.ImportReplace:
			err = mustExec(l, "DELETE FROM main."+quoteName(im.options.Table))
		case why == nil: // the rows are appended
		case im.options.Mode == daemonapi.ImportAppend:
			return nil, why
		default:
			err = im.recreateTable(l, columns)
			im.result.Created = true
		}
		if err != nil {
			return nil, err
		}
		if why == nil {
			columns = fitting
			im.remarkGenerated(sh.left)
		} else {
			sh.places, sh.declared = nil, nil
		}
	}
	if !found {
		im.result.Created = true
		if err := mustExec(l, createTable(im.options.Table, columns)); err != nil {
			return nil, err
		}
	}
	into := make([]string, len(columns))
	for i, c := range columns {
		into[i] = c.Name
	}
	if im.options.OnError == daemonapi.OnErrorSkip || im.options.DryRun {
		if err := l.CheckEach(im.options.Table); err != nil { // each row must be checked on its own
			return nil, err
		}
	}
	return columns, l.Into(im.options.Table, into)
}

// mustExec executes a statement without which the import fails.
func mustExec(l Loader, sql string) error {
	_, bad, err := l.Exec(sql)
	return errors.Join(bad, err)
}

func createTable(name string, columns []daemonapi.ImportColumn, constraints ...string) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE main." + quoteName(name) + " (")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoteName(c.Name) + " " + c.Type)
	}
	for _, c := range constraints {
		b.WriteString(", " + c)
	}
	b.WriteString(")")
	return b.String()
}

// foundColumns returns the detected columns.
func (sh *shape) foundColumns() []daemonapi.ImportColumn {
	columns := make([]daemonapi.ImportColumn, len(sh.names))
	for i, name := range sh.names {
		columns[i].Name = name
		if sh.text != nil {
			columns[i].Type = sh.text.types[i]
		} else {
			columns[i].Type = sh.seen[i].typed()
		}
	}
	return columns
}

// place returns the target index of the data's column i, or -1 for none.
func (sh *shape) place(i int) int {
	if sh.places == nil {
		return i
	}
	return sh.places[i]
}

// fitTable maps the columns of the data to those of a table: by name if the
// data has names, else by position. Values of CSV are inserted with their
// detected types or as texts; the table converts them to its own types.
// Generated columns are left out.
func (sh *shape) fitTable(names, types []string, computed []daemonapi.GeneratedColumn) ([]daemonapi.ImportColumn, error) {
	columns := sh.foundColumns()
	wide := len(columns) == len(names)+len(computed)
	if !sh.named && !wide && len(columns) != len(names) {
		return nil, errs.E(errs.Invalid, "The table has %d columns and the data %d without names; the numbers must match", len(names), len(columns))
	}
	into := columnPlacesOf(names, computed)
	if !sh.named && wide {
		for _, c := range computed {
			into.order = slices.Insert(into.order, c.Place, -1)
		}
	}
	fitting := make([]daemonapi.ImportColumn, 0, len(columns))
	sh.places = make([]int, len(columns))
	var taken []int
	for i, c := range columns {
		var at int
		if !sh.named {
			at = into.order[i]
		} else if found, has := into.find(c.Name, sh.given, i); has {
			at = found
		} else {
			return nil, errs.E(errs.Invalid, "The table has no column %s; its columns: %s", truncate(c.Name, 80), truncate(strings.Join(names, ", "), 300))
		}
		if sh.places[i] = -1; at < 0 {
			if !sh.named {
				c.Name = computed[slices.IndexFunc(computed, func(g daemonapi.GeneratedColumn) bool { return g.Place == i })].Name
			}
			sh.left = append(sh.left, truncate(c.Name, 80))
			continue
		}
		if slices.Contains(taken, at) {
			return nil, errs.E(errs.Invalid, "Two columns of the data have the name of the table's column %s", truncate(names[at], 80))
		}
		taken = append(taken, at)
		sh.places[i] = len(fitting)
		c.Name = names[at]
		sh.declared = append(sh.declared, types[at])
		switch declared := affinity(types[at]); {
		case sh.typed:
			c.Type = declared
		case declared == typeText:
			c.Type = typeText
		}
		fitting = append(fitting, c)
	}
	if len(fitting) == 0 {
		return nil, errs.E(errs.Invalid, "All columns of the data are generated columns of the table; the data needs one other column")
	}
	return fitting, nil
}

// columnPlaces maps names to the columns of a table; -1 is a generated column.
type columnPlaces struct {
	exact, folded map[string]int
	order         []int
}

func columnPlacesOf(names []string, computed []daemonapi.GeneratedColumn) columnPlaces {
	p := columnPlaces{map[string]int{}, map[string]int{}, nil}
	for i, name := range names {
		p.exact[name], p.folded[foldCase(name)] = i, i
		p.order = append(p.order, i)
	}
	for _, c := range computed {
		p.exact[c.Name], p.folded[foldCase(c.Name)] = -1, -1
	}
	return p
}

// find looks for the i-th name: as it was given, then as it was mended.
func (p columnPlaces) find(name string, given []string, i int) (at int, has bool) {
	if i < len(given) {
		if at, has = p.exact[given[i]]; has {
			return at, true
		}
		if at, has = p.folded[foldCase(given[i])]; has {
			return at, true
		}
	}
	at, has = p.folded[foldCase(name)]
	return at, has
}

// affinity returns the affinity of a declared type, by SQLite's rules. NUMERIC
// stands for numbers in general.
func affinity(declared string) string {
	t := strings.ToUpper(declared)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(t, part) })
	}
	switch {
	case has("INT"):
		return typeInteger
	case has("CHAR", "CLOB", "TEXT"):
		return typeText
	case t == "" || t == "ANY" || has("BLOB"):
		return typeNone
	case has("REAL", "FLOA", "DOUB"): //nolint:misspell // these are the letters that SQLite looks for
		return typeReal
	}
	return typeNumeric
}
