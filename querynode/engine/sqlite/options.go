package sqlite

import (
	"os"

	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	defaultReaders   = 4
	defaultHeapBytes = 64 << 20
	defaultSQLBytes  = 16 << 20
	// maxValueBytes is what SQLite itself can handle, minus some air.
	maxValueBytes = 1_000_000_000
)

// Options describe one database and its limits. Zero values are defaults.
type Options struct {
	// Path is the database file. It may be missing or empty; it is created by
	// the first request that writes.
	Path string
	// TempDir is an existing directory for temporary files: those of this
	// package (results that wait for their commit) and, through
	// sqlite3_temp_directory, SQLite's own (sorts, VACUUM). The latter is
	// process-wide: the last Open wins.
	TempDir string
	// Readers is the number of statements that can read at once. Default 4.
	Readers int
	// HeapBytes is what SQLite may allocate in this process, over all
	// connections. A statement that needs more fails with an error. Process-
	// wide, as TempDir. Default 64 MiB.
	HeapBytes int64
	// DatabaseBytes is the size the database may grow to. 0: SQLite's own.
	DatabaseBytes int64
	// Space is where temporary files are counted, and Reserve how many bytes the
	// disk keeps for others: what needs more room fails with DiskFull. 0 keeps
	// nothing. Process-wide, as TempDir.
	Space   space.Share
	Reserve int64
	// SQLBytes is the longest request text. Default 16 MiB.
	SQLBytes int
}

func (o Options) withDefaults() (Options, error) {
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
