package config

import (
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Fault is one thing wrong with a configuration.
type Fault struct {
	// Key is the key or section concerned, such as limits.heap_bytes; empty
	// when no single one is.
	Key string
	// Text is one sentence that names the key and says what to do.
	Text string
}

// Error is everything that is wrong with a configuration. Its code is
// errs.Invalid.
type Error struct {
	// Source is what was read, for the heading: the file's name as given.
	Source string
	// Faults has at least one element.
	Faults []Fault
}

// Error is one line for one fault, else a heading and a line for each.
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

// Unwrap gives the error its code, with all faults as the message: they are
// for whoever starts the server.
func (e *Error) Unwrap() error { return errs.E(errs.Invalid, "%s", e.Error()) }

// faults collects while a configuration is read and checked.
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

// hasNone tells whether nothing is known against a key; one fault a key is enough.
func (f *faults) hasNone(key string) bool { return !f.bad[key] }
