// Package sqlite is the engine of a hosted SQLite database: it owns
// everything from the text of a request to the bytes of its answer.
//
// It opens one database file with one writer and a few readers, decides which
// of them a request runs on and what a tenant's statement may do, runs the
// statements of a request, with the values of their parameters, as one
// transaction or each by itself, and encodes the results into chunks for a
// Sink: the last one in the compatible form or as CSV, all of them in the
// typed forms. It stops what takes too long or is canceled.
//
// It reads columns through a small C layer of its own on the SQLite that
// github.com/mattn/go-sqlite3 links, and never through that driver, because
// the driver changes values by the declared type of their column. One C call
// steps a statement and packs many rows.
//
// It never touches the network, starts a program, reads the environment or
// decides a permission: a caller's mode is given. It trusts the caller of its
// API and nothing that comes in as SQL or lies in the database file.
package sqlite
