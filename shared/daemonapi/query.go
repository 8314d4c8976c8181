// Package daemonapi is what may be asked of one database as it travels from the
// control plane through a query node to a daemon: the request, its wire form,
// and the statements with parameters that a JSON body holds. It is pure; the
// daemon uses it without knowing of a bus.
package daemonapi

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Kind is what is asked of a database.
type Kind uint8

// The kinds. KindQuery is the zero value.
const (
	// KindQuery runs the statements of the body.
	KindQuery Kind = 0
	// KindSchema asks for tables, views, columns and indexes, as a JSON
	// document; see Schema.
	KindSchema Kind = 1
	// KindRunning asks for the statements that run, as a JSON document; see
	// Running.
	KindRunning Kind = 2
	// KindCancel stops the statement whose id is the body. The answer is
	// empty; NotFound when no such statement of the caller's runs.
	KindCancel Kind = 3
	// KindExport asks for data as a stream of bytes; Options is an
	// ExportOptions, the body SQL text or empty.
	KindExport Kind = 4
	// KindImport brings data in: everything after the head, which comes while
	// it is served. Options is an ImportOptions, the answer an ImportResult.
	KindImport Kind = 5
	// KindCopy makes a consistent copy that has been checked, as a file of its
	// own. Options is a CopyOptions, the answer a CopyResult.
	KindCopy Kind = 6
	// KindCheck checks the file of a version that is not live yet. The answer
	// is a CheckResult.
	KindCheck Kind = 7
)

// Form is how the body of a query is to be read.
type Form uint8

// The forms. FormSQL is the zero value.
const (
	// FormSQL is plain SQL text.
	FormSQL Form = 0
	// FormJSON is the JSON request that DecodeBatch reads. The daemon reads
	// it, in its sandbox; nobody before it looks inside.
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

// Request asks something of one database.
type Request struct {
	Path ayb.DatabasePath
	Type ayb.DatabaseType
	Kind Kind
	// Mode is the caller's level on the database; QueryNone is not allowed.
	Mode   ayb.QueryLevel
	Form   Form
	Format Format
	// Timeout limits engine time. Zero means the node's own limit.
	Timeout time.Duration
	// ResultBytes bounds an answer that is one document (FormatCompat,
	// FormatJSON). Zero is no limit.
	ResultBytes int64
	// Caller is the account that asks, and Agent, if it is not empty, the one
	// program that the account has let ask: a short opaque text. They are
	// shown with the statements that run and decide whose may be stopped.
	Caller ayb.EntitySlug
	Agent  string
	// All lets KindRunning and KindCancel reach the statements of everybody.
	All bool
	// Limits are the database's own, where they differ from the node's.
	Limits Limits
	// Version names a version of the database that is not live yet; empty is
	// the live one.
	Version string
	// Options is the JSON of what some kinds need to know besides.
	Options []byte
	// Body is the SQL text, the JSON request, or the id of a statement.
	Body []byte
}

// Limits are what a daemon is started with. Zero values are the node's own.
type Limits struct {
	// DatabaseBytes is the size the database may grow to.
	DatabaseBytes int64
	// HeapBytes is the memory of the engine.
	HeapBytes int64
	// Queries is how many statements run at once.
	Queries int
}
