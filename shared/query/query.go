// Package query is one query as it travels from the control plane through a
// query node to a daemon: what is asked, and its wire form. It is pure; the
// daemon uses it without knowing of a bus.
package query

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Format is the form in which a daemon encodes the rows of an answer.
type Format uint8

// The formats. The zero value is no format.
const (
	// FormatCompat is `{"fields":[…],"rows":[[…]]}` with every value a string
	// or null.
	FormatCompat Format = 1
)

// Request is one body of SQL for one database.
type Request struct {
	Path ayb.DatabasePath
	Type ayb.DatabaseType
	// Mode is the caller's level on the database; QueryNone is not allowed.
	Mode   ayb.QueryLevel
	Format Format
	// Timeout limits engine time. Zero means the node's own limit, which
	// also caps it.
	Timeout time.Duration
	SQL     []byte
}
