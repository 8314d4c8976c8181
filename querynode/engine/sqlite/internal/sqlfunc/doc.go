// Package sqlfunc adds SQL functions to a connection that SQLite's shell has
// and its library lacks: REGEXP, generate_series, decimal arithmetic, uuid and
// sha3. Their names and answers are those of SQLite's shell 3.54, except where
// a comment says otherwise. median and percentile are the library's own, by
// the build tag sqlite_percentile.
//
// All of it is C on SQLite's public interface: a function of Go would be
// called back from the steps of a statement, which the engine forbids for
// speed. The matcher of regular expressions takes time linear in the text.
// What can take long looks for sqlite3_interrupt as it goes; memory comes from
// SQLite's allocator and counts against its heap limit.
//
// The package keeps no state of its own, reads no file and opens nothing.
package sqlfunc
