// Package daemonapi is the protocol of a request to one database, from the
// control plane through a query node to a daemon: the request, its wire form,
// its answers, and the JSON form of statements with parameters. It knows no bus
// and starts nothing. Other messages to a node are in the package nodeapi.
package daemonapi

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Kind is the operation of a request.
type Kind uint8

// The kinds. KindQuery is the zero value.
const (
	// KindQuery runs the statements of the body.
	KindQuery Kind = 0
	// KindSchema returns tables, views, columns and indexes as a JSON document;
	// see Schema.
	KindSchema Kind = 1
	// KindRunning returns the running statements as a JSON document; see
	// Running.
	KindRunning Kind = 2
	// KindCancel stops the statement whose id is the body. The answer is empty.
	// NotFound when the caller has no such statement.
	KindCancel Kind = 3
	// KindExport returns data as a stream of bytes. Options is an
	// ExportOptions, the body SQL text or empty.
	KindExport Kind = 4
	// KindImport imports the body, which arrives while the request is served.
	// Options is an ImportOptions, the answer an ImportResult.
	KindImport Kind = 5
	// KindCopy makes a consistent, checked copy of the database in a file of
	// its own. Options is a CopyOptions, the answer a CopyResult.
	KindCopy Kind = 6
	// KindCheck checks the database file of a staged version. The answer is a
	// CheckResult.
	KindCheck Kind = 7
)

// Form is the form of the body of a query.
type Form uint8

// The forms. FormSQL is the zero value.
const (
	// FormSQL is plain SQL text.
	FormSQL Form = 0
	// FormJSON is the JSON request of DecodeBatch. Only the daemon parses it,
	// in its sandbox.
	FormJSON Form = 1
)

// Format is the form in which a daemon encodes the rows of an answer.
type Format uint8

// The formats. The zero value is no format.
const (
	// FormatCompat is `{"fields":[…],"rows":[[…]]}` with every value a string
	// or null.
	FormatCompat Format = 1
	// FormatJSON is one typed document: `{"results":[…],"cost":{…}}`.
	FormatJSON Format = 2
	// FormatNDJSON is a line of JSON for the columns, for each row, for the
	// end of each result, and for the cost.
	FormatNDJSON Format = 3
	// FormatCSV is the last result that has columns, after RFC 4180.
	FormatCSV Format = 4
)

// Request is a request to one database.
type Request struct {
	Path ayb.DatabasePath
	Type ayb.DatabaseType
	Kind Kind
	// Mode is the caller's permission on the database; QueryNone is invalid.
	Mode   ayb.QueryLevel
	Form   Form
	Format Format
	// Timeout limits engine time. Zero is the node's own limit.
	Timeout time.Duration
	// ResultBytes limits an answer that is one document (FormatCompat,
	// FormatJSON), in bytes. Zero is unlimited.
	ResultBytes int64
	// Caller is the requesting account. Agent is a short opaque text that names
	// the program to which the account has given access, or empty. Both are
	// shown with running statements, and decide which statements a caller may
	// stop.
	Caller ayb.EntitySlug
	Agent  string
	// All extends KindRunning and KindCancel to the statements of all callers.
	All bool
	// Limits are those of the database that differ from the node's.
	Limits Limits
	// Version names a staged version of the database; empty for the live one.
	Version string
	// Options is the JSON of further options of some kinds.
	Options []byte
	// Body is the SQL text, the JSON request, or the id of a statement.
	Body []byte
}

// Limits are limits that a daemon is started with. Zero values are the node's
// own.
type Limits struct {
	// DatabaseBytes is the largest size of the database.
	DatabaseBytes int64
	// HeapBytes is the memory of the engine.
	HeapBytes int64
	// Queries is the number of statements that can run at once.
	Queries int
}
