package sqlite

import (
	"os"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	defaultReaders   = 4
	defaultHeapBytes = 64 << 20
	defaultSQLBytes  = 16 << 20
	// maxValueBytes is SQLite's limit for a value, with some reserve.
	maxValueBytes = 1_000_000_000
)

// withDefaults checks the options and sets defaults.
func withDefaults(o engine.Options) (engine.Options, error) {
	if o.Path == "" || o.TempDir == "" {
		return o, errs.E(errs.Internal, "The database engine was opened without a path or a temporary directory.")
	}
	if st, err := os.Stat(o.TempDir); err != nil || !st.IsDir() {
		return o, errs.Wrap(errs.Internal, err, "The temporary directory of the database engine is missing.")
	}
	if o.Readers <= 0 {
		o.Readers = defaultReaders
	}
	if o.HeapBytes <= 0 {
		o.HeapBytes = defaultHeapBytes
	}
	if o.SQLBytes <= 0 {
		o.SQLBytes = defaultSQLBytes
	}
	return o, nil
}
