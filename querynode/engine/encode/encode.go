// Package encode turns rows into answers, in every form that the API knows: the
// compatible and the typed JSON document, typed NDJSON, CSV, and the forms of
// exports. It knows no engine: an engine passes it columns and values.
//
// Long values are encoded in pieces, so that an answer of any size needs a fixed
// amount of memory.
package encode

import (
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Encoder turns the results of a job into bytes. One goroutine uses it.
type Encoder interface {
	// EveryResult reports whether the answer holds the result of each statement.
	// Else it holds the last result that has columns.
	EveryResult() bool
	// Begin starts a result, the index-th of the answer.
	Begin(o *Output, index int, columns []Column) error
	// Cell adds a value. Column 0 begins a row.
	Cell(o *Output, column int, v Value) error
	// End completes the result.
	End(o *Output, e Outcome)
	// Close completes an answer of that many results.
	Close(o *Output, results int, c Cost)
}

// ErrorReporter is an encoder whose answers can hold errors of statements.
type ErrorReporter interface {
	Encoder
	// ReportError puts an error in place of the index-th result or, if some of that
	// is sent already, after it. It returns false if the answer has no place for
	// an error at this point.
	ReportError(o *Output, index int, sent bool, err *errs.Error) bool
}

// New makes the encoder of a format. The error is Unsupported.
func New(f daemonapi.Format) (Encoder, error) {
	switch f {
	case daemonapi.FormatCompat:
		return &compat{}, nil
	case daemonapi.FormatJSON:
		return &document{}, nil
	case daemonapi.FormatNDJSON:
		return &lines{}, nil
	case daemonapi.FormatCSV:
		return &csv{}, nil
	}
	return nil, errs.E(errs.Unsupported, "This format of results is not known.")
}
