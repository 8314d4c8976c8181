// Package importer brings tables and scripts into a database: CSV, TSV, JSON
// and NDJSON into a table, and SQL. It owns how such data is kept while it is
// read more than once, what its encoding, dialect and types are found to be,
// and which rows are reported as bad.
//
// It runs in the daemon's sandbox, because what it reads is a tenant's. It
// holds one row, or one statement, in memory and never more; it knows no
// engine and no bus: the database is a Target, and everything that is done to
// it happens in one transaction.
package importer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// maxColumns is how many columns SQLite lets a table have.
const maxColumns = 2000

// Limits are the most that is held, in bytes.
type Limits struct {
	Row       int   // of one row, in memory
	Data      int64 // of all that comes, in a temporary file; 0 is no limit
	Statement int   // of one statement of a script
	Room      Room  // what counts the temporary file; nil for nothing
}

// Transaction says how the changes of an import are made.
type Transaction struct {
	Bytes         int64 // about how much data there is
	NoForeignKeys bool  // those that do not hold at the end are no error
	Commit        bool  // else everything is undone at the end
}

// Target is the database. Work that fails leaves no trace. Foreign keys do not
// act while it runs and are checked at its end; remarks are sentences about
// what was taken and is not as it should be.
type Target interface {
	Load(t Transaction, work func(Loader) error) (remarks []string, err error)
	// Stopped is the error of an import that has to stop, else nil.
	Stopped() error
}

// Loader changes the database. Where an error is called bad, it is that of one
// row or statement, which alone was not done.
type Loader interface {
	Columns(table string) (names, types []string, found bool, err error)
	// Generated returns the columns of the table that it computes itself.
	Generated(table string) ([]daemonapi.GeneratedColumn, error)
	// Parts returns what the table has beside its columns.
	Parts(table string) (daemonapi.TableParts, error)
	Exec(sql string) (written int64, bad, err error)
	// Texts returns the cells of the one row of a statement that reads.
	Texts(sql string) (row []string, bad, err error)
	// Shadows are the tables in which a virtual table keeps its data, and
	// Restore is Exec for what fills them, which Exec leaves alone.
	Shadows(table string) ([]string, error)
	Restore(sql string) (written int64, bad, err error)
	// CheckEach has foreign keys checked row by row from here on, unless the
	// table refers to itself.
	CheckEach(table string) error
	Into(table string, columns []string) error
	Insert(row []daemonapi.Value) (bad, err error)
}

// Import brings the data into the database. It is to be called once. Errors
// are Invalid, with the line, for data that cannot be taken, Conflict or
// NotFound for the table, and the database's own.
func (d *Data) Import(to Target, o daemonapi.ImportOptions) (daemonapi.ImportResult, error) {
	im := &importRun{data: d, target: to, options: o}
	im.result = daemonapi.ImportResult{Format: o.Format, DryRun: o.DryRun, Bytes: d.bytes}
	if err := im.checkOptions(); err != nil {
		return daemonapi.ImportResult{}, err
	}
	var err error
	if err := d.rejectForeignFormats(); err != nil {
		return daemonapi.ImportResult{}, err
	}
	if im.encoding, err = d.encodingFor(o.Encoding); err != nil {
		return daemonapi.ImportResult{}, err
	}
	im.result.Encoding = im.encoding
	if o.Encoding == "" && im.encoding != utf8Name {
		im.remarkf("The encoding is taken for %s", im.encoding)
	}
	if o.Format == daemonapi.TransferSQL {
		err = im.importScript()
	} else {
		im.result.Table = o.Table
		err = im.importTable()
	}
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	return im.result, nil
}

// load changes the database, and keeps what it remarks.
func (im *importRun) load(t Transaction, work func(Loader) error) error {
	remarks, err := im.target.Load(t, work)
	im.remark(remarks...)
	return err
}

// importRun is one import.
type importRun struct {
	data     *Data
	target   Target
	options  daemonapi.ImportOptions
	encoding string
	result   daemonapi.ImportResult
}

// checkOptions finds out whether the options make sense, and fills in defaults.
func (im *importRun) checkOptions() error {
	o := &im.options
	if o.Mode == "" {
		o.Mode = daemonapi.ImportCreate
	}
	if o.OnError == "" {
		o.OnError = daemonapi.OnErrorStop
	}
	for _, c := range []struct{ name, value, known string }{
		{"format", string(o.Format), "csv tsv json ndjson sql"},
		{"mode", o.Mode, "create append replace"},
		{"on_error", o.OnError, "stop skip"},
		{"header", o.Header, " yes no"},
	} {
		known := strings.Split(c.known, " ")
		if !slices.Contains(known, c.value) {
			return errs.E(errs.Invalid, "The option %s of an import is one of: %s", c.name, strings.TrimSpace(strings.Join(known, " ")))
		}
	}
	if o.Format == daemonapi.TransferSQL {
		return nil
	}
	if o.Table == "" || strings.IndexByte(o.Table, 0) >= 0 || !utf8.ValidString(o.Table) {
		return errs.E(errs.Invalid, "Say which table the rows are for (table)")
	}
	if o.SkipLines < 0 {
		return errs.E(errs.Invalid, "The option skip_lines of an import is a number of lines, 0 or more")
	}
	for column, typ := range o.Types {
		if !slices.Contains([]string{typeInteger, typeReal, typeText}, strings.ToUpper(typ)) {
			return errs.E(errs.Invalid, "The type of the column %s in types can be INTEGER, REAL or TEXT, not %s", truncate(column, 80), truncate(typ, 40))
		}
	}
	return nil
}

// withLine says in which line an error is, if it is one of the data.
func withLine(line int64, err error) error {
	e := errs.Public(err)
	switch e.Code {
	case errs.SQL, errs.Invalid, errs.TooLarge, errs.Full:
		return errs.Wrap(e.Code, err, "Line %d: %s", line, truncate(e.Message, 1000))
	}
	return err // it is not because of what stands there
}

// reportBad reports a row or statement that cannot be taken. The error says that the
// import ends with it. A dry run goes on, to find everything.
func (im *importRun) reportBad(got row, why error) error {
	if im.options.OnError != daemonapi.OnErrorSkip && !im.options.DryRun {
		return withLine(got.line, why)
	}
	im.result.Skipped++
	im.result.SkippedLines += max(1, got.lines)
	if len(im.result.Bad) < daemonapi.MaxBadRows {
		b := daemonapi.BadRow{Line: got.line, Message: truncate(errs.Public(why).Message, 300)}
		if got.lines > 1 {
			b.LastLine = got.line + got.lines - 1
		}
		im.result.Bad = append(im.result.Bad, b)
	}
	return nil
}

// truncate keeps a caller's own text from filling a message.
func truncate(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
