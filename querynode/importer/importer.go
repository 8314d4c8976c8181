// Package importer imports tables and scripts into a database: CSV, TSV, JSON
// and NDJSON into a table, and SQL scripts. It stores the data, which is read
// more than once; it detects encoding, dialect and types, and reports rejected
// rows.
//
// It runs in the sandbox of the daemon, because its input comes from tenants.
// It holds at most one row or one statement in memory. It knows no engine and
// no bus: the database is a Target, and all changes of an import are one
// transaction.
//
// The package has many files but is one package: the readers, the sniffer of
// dialects and the detection of types share rows and cells, which are valid
// until the next row only.
package importer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// maxColumns is SQLite's limit of columns in a table.
const maxColumns = 2000

// Limits are size limits, in bytes.
type Limits struct {
	Row       int   // of one row, held in memory
	Data      int64 // of all data, in a temporary file; 0 is no limit
	Statement int   // of one statement of a script
	Room      Room  // counts the temporary file; may be nil
}

// Transaction says how the changes of an import are made.
type Transaction struct {
	Bytes         int64 // approximate size of the data
	NoForeignKeys bool  // violated foreign keys at the end are no error
	Commit        bool  // otherwise the changes are rolled back
}

// Target is the database. A failed import leaves no trace. Foreign keys do not
// act during the import and are checked at its end. Remarks are sentences about
// accepted data that is unusual.
type Target interface {
	Load(t Transaction, work func(Loader) error) (remarks []string, err error)
	// Stopped returns the error of an import that has to stop, else nil.
	Stopped() error
}

// Loader changes the database. An error called bad concerns one row or
// statement, which alone was not executed. It has ten methods, because every
// step of an import runs in the one transaction that it stands for.
type Loader interface {
	Columns(table string) (names, types []string, found bool, err error)
	// Generated returns the generated columns of the table.
	Generated(table string) ([]daemonapi.GeneratedColumn, error)
	// Parts returns the parts of a table other than columns.
	Parts(table string) (daemonapi.TableParts, error)
	Exec(sql string) (written int64, bad, err error)
	// Texts returns the cells of the single row of a query.
	Texts(sql string) (row []string, bad, err error)
	// Shadows returns the tables in which a virtual table keeps its data.
	// Restore is Exec for statements that fill them; Exec leaves them alone.
	Shadows(table string) ([]string, error)
	Restore(sql string) (written int64, bad, err error)
	// CheckEach checks foreign keys row by row from now on, unless the table
	// refers to itself.
	CheckEach(table string) error
	Into(table string, columns []string) error
	Insert(row []daemonapi.Value) (bad, err error)
}

// Import imports the data into the database. It may be called once. Errors are
// Invalid, with the line, for rejected data; Conflict or NotFound for the
// table; and the database's own.
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
		im.remarkf("The encoding was detected as %s", im.encoding)
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

// load runs work in a transaction and keeps the target's remarks.
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

// checkOptions validates the options and sets defaults.
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
			return errs.E(errs.Invalid, "The import option %s must be one of: %s", c.name, strings.TrimSpace(strings.Join(known, " ")))
		}
	}
	if o.Format == daemonapi.TransferSQL {
		return nil
	}
	if o.Table == "" || strings.IndexByte(o.Table, 0) >= 0 || !utf8.ValidString(o.Table) {
		return errs.E(errs.Invalid, "The import option table is missing: the table for the rows")
	}
	if o.SkipLines < 0 {
		return errs.E(errs.Invalid, "The import option skip_lines must be a number of lines, 0 or more")
	}
	for column, typ := range o.Types {
		if !slices.Contains([]string{typeInteger, typeReal, typeText}, strings.ToUpper(typ)) {
			return errs.E(errs.Invalid, "The type of the column %s in types must be INTEGER, REAL or TEXT, not %s", truncate(column, 80), truncate(typ, 40))
		}
	}
	return nil
}

// withLine adds the line to an error that concerns the data.
func withLine(line int64, err error) error {
	e := errs.Public(err)
	switch e.Code {
	case errs.SQL, errs.Invalid, errs.TooLarge, errs.Full:
		return errs.Wrap(e.Code, err, "Line %d: %s", line, truncate(e.Message, 1000))
	}
	return err // the data is not the cause
}

// reportBad reports a rejected row or statement. It returns an error if the
// import ends with it. A dry run continues, to find all of them.
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

// truncate limits the length of a user's text in a message.
func truncate(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
