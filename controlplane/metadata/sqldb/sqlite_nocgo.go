//go:build !cgo

package sqldb

// haveSQLite reports whether this build has the driver, which is written in C.
const haveSQLite = false

func sqliteError(error) error { return nil }

func isSQLiteReferenceError(error) bool { return false }
