// Package engine is what a query daemon needs from a database engine: to open a
// database, run statements, export, import, copy and check it. The daemon knows
// only this package; the program that starts the daemon picks the engine, for
// example engine/sqlite.
//
// An engine trusts the caller of its API. It trusts neither SQL nor the content
// of the database file. It decides no permission: a job says what its caller may
// do. The conformance suite that every engine has to pass is engine/enginetest;
// engine/encode turns rows into answers.
package engine

import (
	"io"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Open opens a database. It leaves the file alone until the first request, so
// the first request reports a broken file.
type Open func(Options) (DB, error)

// DB is one open database. Any goroutine may call its methods. It has more than
// seven methods because a daemon needs all of them of one object; its parts are
// interfaces for code that needs less.
type DB interface {
	Querier
	Transferrer
	FileTransferrer
	TempSpace
	// Close stops all jobs, waits for them, also for sinks that block, and closes
	// the database. Requests after it fail with Unavailable.
	Close() error
}

// Querier answers requests.
type Querier interface {
	// Run runs a job and writes its answer to sink. It returns when the answer is
	// complete or the job has failed, with an *errs.Error or the sink's own error.
	// The changes of a job are on disk before the last Write. That is also the
	// first Write, unless the batch only reads. After an error before the first
	// Write nothing was changed, unless the batch controls its transactions
	// itself. An error after the first Write means that the answer is incomplete.
	Run(job *Job, sink Sink) error
	// Schema writes what the database holds at one moment to sink, as the JSON of
	// daemonapi.Schema, ordered by name. The batch and the format of the job do
	// not matter. The answer begins only when it is complete.
	Schema(job *Job, sink Sink) error
}

// Transferrer brings rows and statements out of a database and into it.
type Transferrer interface {
	// Export writes data to sink as it was at one moment: the whole database, a
	// table or view, or the rows of sql, which is one statement that reads. It
	// blocks neither writers nor readers. The time limit of the job is for sql and
	// for views only. The batch and the format of the job do not matter.
	Export(job *Job, o daemonapi.ExportOptions, sql string, sink Sink) error
	// Load calls work, which makes many changes that happen together. If work
	// fails, nothing is changed. Loads and other writers wait for each other;
	// readers do not wait. The limits of callers hold, except the time limit of a
	// statement. Foreign keys are checked at the end and trigger no action. The
	// Loader must not be used after work has returned. remarks are sentences about
	// data that was accepted and may be wrong.
	Load(job *Job, o LoadOptions, work func(Loader) error) (remarks []string, err error)
	// LoadLimits returns what an import may hold.
	LoadLimits() LoadLimits
}

// FileTransferrer moves complete database files.
type FileTransferrer interface {
	// Copy writes a consistent copy of the database to a new file, checks it, and
	// returns its size in bytes. Copies of an unchanged database are equal byte
	// for byte. A copy yields to statements; copies are made one at a time. After
	// an error there is no file.
	//
	// Errors: NotFound if the database was never written, Conflict if the file
	// exists, Snapshot if the copy is damaged, Full, Timeout, Canceled.
	Copy(job *Job, to string) (bytes int64, err error)
	// Receive makes the database out of a database file that body brings. It
	// checks the file and prepares it for its first use. On return the database is
	// durable. The database must not have a file yet; after an error it has none.
	// remarks are sentences about data that was accepted and may be wrong.
	//
	// Errors: Invalid with the reason if the file is not a sound database,
	// TooLarge, Full, Conflict, Timeout, Canceled, and body's own.
	Receive(job *Job, body io.Reader) (bytes int64, remarks []string, err error)
	// Check checks the file of the database thoroughly, prepares it for its first
	// use, makes it durable, and returns its size in bytes.
	//
	// Errors: Snapshot with the reason if the file is damaged, NotFound if it does
	// not exist, TooLarge, Full, Timeout, Canceled.
	Check(job *Job) (bytes int64, err error)
}

// TempSpace counts temporary files.
type TempSpace interface {
	// Grow reserves room for more bytes of a temporary file, before they are
	// written. The error is DiskFull. Shrink has to follow when they are gone.
	Grow(bytes int64) error
	// Shrink releases room that Grow reserved.
	Shrink(bytes int64)
}

// Sink takes the encoded answer of a job.
type Sink interface {
	// Write takes the next bytes of the answer, at most 64 KiB. last is true
	// exactly once, in the final call of a job that succeeded; p may be empty
	// then. p is valid only during the call. Write may block: that time does not
	// count as the job's, and a writing job holds no lock meanwhile. An error ends
	// the job with that error.
	Write(p []byte, last bool) error
}
