package daemonapi

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxOptions is how long the JSON of Options may be: the head of a request has
// to fit into its first frame.
const MaxOptions = 16 << 10

// TransferFormat is a form in which whole data comes in or goes out.
type TransferFormat string

// The forms.
const (
	TransferSQLite TransferFormat = "sqlite" // a database file
	TransferSQL    TransferFormat = "sql"    // a script that makes it again
	TransferCSV    TransferFormat = "csv"
	TransferTSV    TransferFormat = "tsv"
	TransferJSON   TransferFormat = "json"   // an array of objects or of arrays
	TransferNDJSON TransferFormat = "ndjson" // one of them per line
)

// CompleteFile reports whether the format is the complete file of a database.
// Any other is rows or statements.
func (f TransferFormat) CompleteFile() bool { return f == TransferSQLite }

// ExportOptions says what a KindExport gives. A body, if there is one, is one
// reading statement whose rows are wanted; it excludes Table. Without both,
// "sqlite" and "sql" give everything, and the other forms are Invalid unless
// the database has exactly one table.
type ExportOptions struct {
	Format TransferFormat `json:"format"`
	Table  string         `json:"table,omitempty"`
	// Remarks says that whoever asked understands an end of PackRemarks.
	Remarks bool `json:"remarks,omitempty"`
}

// The modes of an import.
const (
	ImportCreate  = "create"  // the table, or database, must not be there
	ImportAppend  = "append"  // rows are added to the table
	ImportReplace = "replace" // what was there goes when the import has worked
)

// What an import does about a row that cannot be taken.
const (
	OnErrorStop = "stop" // nothing is imported
	OnErrorSkip = "skip" // the row is left out and reported
)

// NoCharacter is how an option for a character says that there is none.
const NoCharacter = "none"

// ParseTypes reads types of columns: "id=INTEGER,price=REAL", or a JSON object
// of the same where names have commas.
func ParseTypes(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	types := map[string]string{}
	if text[0] == '{' {
		return types, json.Unmarshal([]byte(text), &types)
	}
	for part := range strings.SplitSeq(text, ",") {
		i := strings.LastIndexByte(part, '=')
		name := strings.TrimSpace(part[:max(i, 0)])
		if name == "" {
			return nil, fmt.Errorf("%q has no name or no type", part)
		}
		types[name] = strings.TrimSpace(part[i+1:])
	}
	return types, nil
}

// ImportOptions says what a KindImport brings. Empty values are found out or
// have the default named.
type ImportOptions struct {
	Format TransferFormat `json:"format"`
	// Table is where rows go; needed for all forms but sqlite and sql.
	Table   string `json:"table,omitempty"`
	Mode    string `json:"mode,omitempty"`     // default create
	OnError string `json:"on_error,omitempty"` // default stop
	// DryRun finds everything out, and checks every row, and changes nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Header tells whether the first line of CSV or TSV has names: "yes", "no",
	// or found out.
	Header string `json:"header,omitempty"`
	// Delimiter, Quote and Escape are one character each, none, or found out. A
	// character may be given as \t or \x01. What follows Escape is a part of the
	// field; a backslash makes of \n, \t and \N what the writer of such a form means.
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"`
	Escape    string `json:"escape,omitempty"`
	// Comment is the character that lines begin with which are left out.
	Comment string `json:"comment,omitempty"`
	// SkipLines is how many lines come before the header, or the first row.
	SkipLines int64 `json:"skip_lines,omitempty"`
	// Trim leaves out blanks around fields.
	Trim bool `json:"trim,omitempty"`
	// Types are those of columns of a new table, INTEGER, REAL or TEXT, by name.
	// The others are found out.
	Types map[string]string `json:"types,omitempty"`
	// Encoding is one that the WHATWG's standard names, or latin-1, or found out.
	Encoding string `json:"encoding,omitempty"`
	// Null and Nulls are the texts that stand for NULL; without any they are found
	// out. An unquoted empty field is NULL too, a quoted one is the empty text.
	Null  string   `json:"null,omitempty"`
	Nulls []string `json:"nulls,omitempty"`
}

// ImportResult tells what an import has done, or would do.
type ImportResult struct {
	Format  TransferFormat `json:"format"`
	DryRun  bool           `json:"dry_run"`
	Table   string         `json:"table,omitempty"`
	Created bool           `json:"created"` // the table was made
	Columns []ImportColumn `json:"columns,omitempty"`
	Rows    int64          `json:"rows"`    // taken
	Skipped int64          `json:"skipped"` // left out
	// SkippedLines are the lines of what was left out.
	SkippedLines int64    `json:"skipped_lines,omitempty"`
	Bad          []BadRow `json:"bad,omitempty"`
	Bytes        int64    `json:"bytes"` // that came
	Encoding     string   `json:"encoding,omitempty"`
	// Delimiter, Quote and Escape are those that were given or found; none where
	// there is none.
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"`
	Escape    string `json:"escape,omitempty"`
	Header    bool   `json:"header,omitempty"`
	// Nulls are the words that stood for NULL.
	Nulls []string `json:"nulls,omitempty"`
	// Notes tell what was assumed about the data, or done with it, that its sender
	// may not expect, one sentence each.
	Notes []string `json:"notes,omitempty"`
	// Preview are the first rows of a dry run, as text; null is NULL.
	Preview [][]*string `json:"preview,omitempty"`
}

// GeneratedColumn is one whose values the table computes itself.
type GeneratedColumn struct {
	Name  string
	Place int // among all columns, from 0
}

// TableParts are what a table has beside its columns.
type TableParts struct {
	Constraints []TableConstraint // keys and UNIQUE
	Objects     []TableObject     // indexes and triggers that were made with a statement
	Words       []string          // of CREATE TABLE, for what its columns have beside names and types
	Users       []TableObject     // views, and other tables that have triggers, without a statement: they may need it
}

// TableConstraint is a key of a table. SQL is how it stands in CREATE TABLE,
// Columns are those of the table that it needs.
type TableConstraint struct {
	Name, SQL string
	Columns   []string
}

// TableObject is an index or a trigger, and the statement that makes it.
type TableObject struct{ Type, Name, SQL string }

// ImportColumn is a column and the type that was found for it.
type ImportColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// MaxBadRows is how many bad rows are reported one by one.
const MaxBadRows = 100

// BadRow is a row that was not taken.
type BadRow struct {
	Line     int64  `json:"line"`                // where it begins, from 1
	LastLine int64  `json:"last_line,omitempty"` // where it ends, if that is another
	Message  string `json:"message"`
}

// CopyOptions names the copy: a file of this name in the temporary directory
// of the version, which must not be there yet. Letters, digits and hyphens.
type CopyOptions struct {
	Name string `json:"name"`
}

// CopyResult tells about a copy, which integrity_check has found sound.
type CopyResult struct {
	Bytes int64 `json:"bytes"`
}

// CheckResult tells about a file; an unsound one gives an error instead.
type CheckResult struct {
	Bytes int64 `json:"bytes"`
}
