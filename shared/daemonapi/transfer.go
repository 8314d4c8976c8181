package daemonapi

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxOptions bounds the JSON of Options: the head of a request must fit into
// its first frame.
const MaxOptions = 16 << 10

// TransferFormat is a format of imports and exports.
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

// ExportOptions are the options of KindExport. A body is one reading statement
// whose rows are exported; it excludes Table. Without both, "sqlite" and "sql"
// export everything, and the other formats are Invalid unless the database has
// exactly one table.
type ExportOptions struct {
	Format TransferFormat `json:"format"`
	Table  string         `json:"table,omitempty"`
	// Remarks reports that the client understands an end of PackRemarks.
	Remarks bool `json:"remarks,omitempty"`
}

// The modes of an import.
const (
	ImportCreate  = "create"  // the table, or the database, must not exist
	ImportAppend  = "append"  // rows are added to the table
	ImportReplace = "replace" // replaces the previous contents when the import succeeds
)

// Treatment of a row that cannot be imported.
const (
	OnErrorStop = "stop" // nothing is imported
	OnErrorSkip = "skip" // the row is skipped and reported
)

// NoCharacter disables an option for a character.
const NoCharacter = "none"

// ParseTypes parses types of columns: "id=INTEGER,price=REAL", or a JSON object
// where names have commas.
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

// ImportOptions are the options of KindImport. An empty value is detected from
// the data, or has the named default.
type ImportOptions struct {
	Format TransferFormat `json:"format"`
	// Table receives the rows; required for all formats but sqlite and sql.
	Table   string `json:"table,omitempty"`
	Mode    string `json:"mode,omitempty"`     // default create
	OnError string `json:"on_error,omitempty"` // default stop
	// DryRun detects the format and checks every row, but changes nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Header is whether the first line of CSV or TSV has names: "yes", "no", or
	// empty to detect it.
	Header string `json:"header,omitempty"`
	// Delimiter, Quote and Escape are one character each, NoCharacter, or empty
	// to detect it. A character may be written as \t or \x01. The character
	// after Escape belongs to the field. With a backslash as Escape, \n, \t and
	// \N have their usual meaning.
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"`
	Escape    string `json:"escape,omitempty"`
	// Comment is the first character of lines that are skipped.
	Comment string `json:"comment,omitempty"`
	// SkipLines is the number of lines before the header, or before the first
	// row.
	SkipLines int64 `json:"skip_lines,omitempty"`
	// Trim removes blanks around fields.
	Trim bool `json:"trim,omitempty"`
	// Types are the types of columns of a new table by name: INTEGER, REAL or
	// TEXT. Other types are detected.
	Types map[string]string `json:"types,omitempty"`
	// Encoding is a name of the WHATWG standard, or latin-1, or empty to detect
	// it.
	Encoding string `json:"encoding,omitempty"`
	// Null and Nulls are the texts for NULL; without any they are detected. An
	// unquoted empty field is NULL too, a quoted one is the empty text.
	Null  string   `json:"null,omitempty"`
	Nulls []string `json:"nulls,omitempty"`
}

// ImportResult is the result of an import, or of a dry run.
type ImportResult struct {
	Format  TransferFormat `json:"format"`
	DryRun  bool           `json:"dry_run"`
	Table   string         `json:"table,omitempty"`
	Created bool           `json:"created"` // the table was made
	Columns []ImportColumn `json:"columns,omitempty"`
	Rows    int64          `json:"rows"` // imported
	Skipped int64          `json:"skipped"`
	// SkippedLines is the number of lines of the skipped rows.
	SkippedLines int64    `json:"skipped_lines,omitempty"`
	Bad          []BadRow `json:"bad,omitempty"`
	Bytes        int64    `json:"bytes"` // of the data
	Encoding     string   `json:"encoding,omitempty"`
	// Delimiter, Quote and Escape are the given or detected characters, or
	// NoCharacter.
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"`
	Escape    string `json:"escape,omitempty"`
	Header    bool   `json:"header,omitempty"`
	// Nulls are the words that stood for NULL.
	Nulls []string `json:"nulls,omitempty"`
	// Notes are remarks for the sender, one sentence each: assumptions about
	// the data, or changes to it.
	Notes []string `json:"notes,omitempty"`
	// Preview are the first rows of a dry run, as text; null is NULL.
	Preview [][]*string `json:"preview,omitempty"`
}

// GeneratedColumn is a column whose values the table computes.
type GeneratedColumn struct {
	Name  string
	Place int // index among all columns, from 0
}

// TableParts are the parts of a table besides its columns.
type TableParts struct {
	Constraints []TableConstraint // keys and UNIQUE
	Objects     []TableObject     // indexes and triggers with a CREATE statement
	Words       []string          // of CREATE TABLE, except for names and types of columns
	Users       []TableObject     // views, and other tables with triggers, without a statement: they may use the table
}

// TableConstraint is a key of a table. SQL is its text in CREATE TABLE, and
// Columns are the columns that it uses.
type TableConstraint struct {
	Name, SQL string
	Columns   []string
}

// TableObject is an index or a trigger, with its CREATE statement.
type TableObject struct{ Type, Name, SQL string }

// ImportColumn is a column with its detected type.
type ImportColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// MaxBadRows bounds the bad rows that are reported one by one.
const MaxBadRows = 100

// BadRow is a row that was not imported.
type BadRow struct {
	Line     int64  `json:"line"`                // first line, from 1
	LastLine int64  `json:"last_line,omitempty"` // last line, if it is another one
	Message  string `json:"message"`
}

// CopyOptions name the copy: a new file in the temporary directory of the
// version. The name has letters, digits and hyphens.
type CopyOptions struct {
	Name string `json:"name"`
}

// CopyResult describes a copy that has passed integrity_check.
type CopyResult struct {
	Bytes int64 `json:"bytes"`
}

// CheckResult describes a file that has passed the check. A damaged file is an
// error.
type CheckResult struct {
	Bytes int64 `json:"bytes"`
}
