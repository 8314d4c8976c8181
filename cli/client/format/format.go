// Package format writes the answers of the client commands: aligned tables for
// people, CSV and JSON for programs. It knows no commands and sends no requests.
package format

import (
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Kind is an output format.
type Kind string

// The output formats.
const (
	Table    Kind = "table"
	CSV      Kind = "csv"
	JSON     Kind = "json"
	NDJSON   Kind = "ndjson"
	Markdown Kind = "markdown"
	List     Kind = "list"
)

// Kinds returns the formats of commands that list records. The first is the
// default.
func Kinds() []string { return []string{string(Table), string(CSV), string(JSON)} }

// QueryKinds returns the formats for the results of queries. The first is the
// default.
func QueryKinds() []string { return append(Kinds(), string(NDJSON), string(Markdown)) }

// SessionKinds returns the formats of interactive sessions.
func SessionKinds() []string { return append(QueryKinds(), string(List)) }

// Parse reads the name of a format of sessions. The error is Invalid.
func Parse(s string) (Kind, error) {
	if !slices.Contains(SessionKinds(), s) {
		return "", errs.E(errs.Invalid, "Unknown format: %s (the formats are %s)", s, strings.Join(SessionKinds(), ", "))
	}
	return Kind(s), nil
}
