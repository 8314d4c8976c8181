// Package sqlite is the engine of a hosted SQLite database: from the text of a
// request to the bytes of its answer.
//
// It opens one database file with one writer and a few readers. It chooses the
// connection of a request, decides which statements a tenant may run, and runs
// them, with their parameters, as one transaction or each by itself. It encodes
// the results into chunks for a Sink: the last result in the compatible form or
// as CSV, all of them in the typed forms. It stops jobs that take too long or
// are canceled.
//
// It reads columns through a small C layer on the SQLite library that
// github.com/mattn/go-sqlite3 links, and not through that driver, because the
// driver converts values by the declared type of their column. One C call steps
// a statement and packs many rows.
//
// It uses no network, starts no program, reads no environment and decides no
// permission: a caller's mode is given. It trusts the callers of its API, but
// neither SQL texts nor database files.
//
// The package has many files but is one package, because all of them work on
// one connection and its statements: the C layer cannot be split without
// exporting its structures.
package sqlite
