//go:build !cgo || !(linux || darwin)

package sqlite

import (
	"io"

	"github.com/ayb-go/ayb/shared/query"
)

// Copy says that this build has no engine.
func (*DB) Copy(*Job, string) (int64, error) { return 0, errNoEngine() }

// Receive says that this build has no engine.
func (*DB) Receive(*Job, io.Reader) (int64, error) { return 0, errNoEngine() }

// Check says that this build has no engine.
func (*DB) Check(*Job) (int64, error) { return 0, errNoEngine() }

// Export says that this build has no engine.
func (*DB) Export(*Job, query.ExportOptions, string, Sink) error { return errNoEngine() }
