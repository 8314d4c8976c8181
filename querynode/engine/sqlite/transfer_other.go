//go:build !cgo || !(linux || darwin)

package sqlite

import (
	"io"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Copy says that this build has no engine.
func (*DB) Copy(*Job, string) (int64, error) { return 0, errNoEngine() }

// Receive says that this build has no engine.
func (*DB) Receive(*Job, io.Reader) (int64, []string, error) { return 0, nil, errNoEngine() }

// Check says that this build has no engine.
func (*DB) Check(*Job) (int64, error) { return 0, errNoEngine() }

// Export says that this build has no engine.
func (*DB) Export(*Job, daemonapi.ExportOptions, string, Sink) error { return errNoEngine() }

// LoadOptions say how a Load is done.
type LoadOptions struct {
	Bytes               int64
	NoForeignKeys, Keep bool
}

// Loader changes the database within a Load.
type Loader struct{}

// LoadLimits are what an import may hold.
type LoadLimits struct{ RowBytes, DataBytes, SQLBytes int64 }

// Load says that this build has no engine.
func (*DB) Load(*Job, LoadOptions, func(*Loader) error) ([]string, error) {
	return nil, errNoEngine()
}

// LoadLimits gives no limits.
func (*DB) LoadLimits() LoadLimits { return LoadLimits{} }

// Err says nothing.
func (*Job) Err() error { return nil }

// Columns says that this build has no engine.
func (*Loader) Columns(string) (names, types []string, found bool, err error) {
	return nil, nil, false, errNoEngine()
}

// Exec says that this build has no engine.
func (*Loader) Exec(string) (written int64, bad, err error) { return 0, nil, errNoEngine() }

// Into says that this build has no engine.
func (*Loader) Into(string, []string) error { return errNoEngine() }

// Insert says that this build has no engine.
func (*Loader) Insert([]daemonapi.Value) (bad, err error) { return nil, errNoEngine() }

// Parts says that this build has no engine.
func (*Loader) Parts(string) (daemonapi.TableParts, error) {
	return daemonapi.TableParts{}, errNoEngine()
}

// CheckEach says that this build has no engine.
func (*Loader) CheckEach(string) error { return errNoEngine() }

// Generated says that this build has no engine.
func (*Loader) Generated(string) ([]daemonapi.GeneratedColumn, error) { return nil, errNoEngine() }

// Texts says that this build has no engine.
func (*Loader) Texts(string) (row []string, bad, err error) { return nil, nil, errNoEngine() }

// Shadows says that this build has no engine.
func (*Loader) Shadows(string) ([]string, error) { return nil, errNoEngine() }

// Restore says that this build has no engine.
func (*Loader) Restore(string) (written int64, bad, err error) { return 0, nil, errNoEngine() }

// Grow says that this build has no engine.
func (*DB) Grow(int64) error { return errNoEngine() }

// Shrink has nothing to give back.
func (*DB) Shrink(int64) {}
