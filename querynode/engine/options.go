package engine

import "github.com/ayb-go/ayb/querynode/space"

// Options describe one database and its limits. Zero values are defaults.
type Options struct {
	// Path is the database file. It may be missing or empty: the first request
	// that writes creates it.
	Path string
	// TempDir is an existing directory for temporary files: results that wait
	// for their commit, and the engine's own files (sorts, VACUUM).
	TempDir string
	// Readers is how many statements can read at once. Default 4.
	Readers int
	// HeapBytes is how much memory the engine may allocate, over all connections.
	// A statement that needs more fails with an error. Default 64 MiB.
	HeapBytes int64
	// DatabaseBytes is the size the database may grow to. 0: the engine's own
	// limit.
	DatabaseBytes int64
	// Space is where temporary files are counted, and Reserve how many bytes of
	// the disk stay free: a file that needs more room fails with DiskFull. 0
	// keeps nothing free.
	Space   space.Counters
	Reserve int64
	// SQLBytes is the longest request text. Default 16 MiB.
	SQLBytes int

	// An engine may keep TempDir, HeapBytes, Space and Reserve for the whole
	// process: then the last Open wins.
}
