//go:build !cgo || !(linux || darwin)

package sqlite

import "github.com/ayb-go/ayb/shared/errs"

// DB is one database. This build has no engine, so there is none.
type DB struct{}

func errNoEngine() error {
	return errs.E(errs.Unsupported, "This build of ayb has no database engine: build it with cgo, on Linux or macOS")
}

// Open says that this build has no engine.
func Open(Options) (*DB, error) { return nil, errNoEngine() }

// Run says that this build has no engine.
func (*DB) Run(*Job, Sink) error { return errNoEngine() }

// Close does nothing.
func (*DB) Close() error { return nil }
