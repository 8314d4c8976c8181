// Package format writes the answers of the client commands: aligned tables
// for people, CSV and JSON for programs. It knows nothing of the commands and
// never asks a server for anything.
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
	Table Kind = "table"
	CSV   Kind = "csv"
	JSON  Kind = "json"
)

// Kinds lists the formats; the first is the default.
func Kinds() []string { return []string{string(Table), string(CSV), string(JSON)} }

// Parse reads the name of a format; the error is Invalid.
func Parse(s string) (Kind, error) {
	if !slices.Contains(Kinds(), s) {
		return "", errs.E(errs.Invalid, "Unknown format: %s (the formats are %s)", s, strings.Join(Kinds(), ", "))
	}
	return Kind(s), nil
}
