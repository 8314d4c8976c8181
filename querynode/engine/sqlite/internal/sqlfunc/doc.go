// Package sqlfunc adds SQL functions to a connection that SQLite's shell has
// and its library lacks: REGEXP, generate_series, decimal arithmetic, uuid and
// sha3. Their names and results are those of SQLite's shell 3.54, except where
// a comment says otherwise. median and percentile are the library's own, by the
// build tag sqlite_percentile.
//
// All of it is C on SQLite's public interface: a Go function would be called
// back from the steps of a statement, which the engine forbids for speed.
// Matching a regular expression takes time linear in the text. Long
// computations check for sqlite3_interrupt; memory comes from SQLite's
// allocator and counts against its heap limit.
//
// The package keeps no state, reads no file and opens no connection.
package sqlfunc
