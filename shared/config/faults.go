package config

import (
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Fault is one error in a configuration.
type Fault struct {
	// Key is the key or section, such as limits.heap_bytes; empty for a fault
	// without a key.
	Key string
	// Text is a sentence with the key, the fact and what to do.
	Text string
}

// Error is the list of all faults of a configuration. Its code is errs.Invalid.
type Error struct {
	// Source is the name of the file, as given, for the heading.
	Source string
	// Faults has at least one element.
	Faults []Fault
}

// Error returns one line for a single fault, else a heading and a line for each
// fault.
func (e *Error) Error() string {
	if len(e.Faults) == 1 {
		return fmt.Sprintf("configuration %s: %s", e.Source, e.Faults[0].Text)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "configuration %s has %d faults:", e.Source, len(e.Faults))
	for _, f := range e.Faults {
		b.WriteString("\n  - " + f.Text)
	}
	return b.String()
}

// Unwrap returns an error with the code Invalid and all faults as its message.
// They are for the operator who starts the server.
func (e *Error) Unwrap() error { return errs.E(errs.Invalid, "%s", e.Error()) }

// faults collects the faults while a configuration is read and checked.
type faults struct {
	list []Fault
	bad  map[string]bool
}

func (f *faults) add(key, format string, args ...any) {
	if f.bad == nil {
		f.bad = map[string]bool{}
	}
	f.bad[key] = true
	f.list = append(f.list, Fault{Key: key, Text: fmt.Sprintf(format, args...)})
}

// hasNone reports whether a key has no fault yet.
func (f *faults) hasNone(key string) bool { return !f.bad[key] }
