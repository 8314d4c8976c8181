// Package kind describes the files of each kind of database, for the code that
// handles them without an engine: the node that copies, measures and moves them.
// It links no engine and opens no database. A new engine gets a file here.
package kind

import (
	"io/fs"
	"os"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Kind is one kind of database. The names of the files beside a database are its
// own name and an end.
type Kind struct {
	Type ayb.DatabaseType
	// ContentFiles are the ends of the names of files that hold a part of the
	// content. They have to be durable when the database is.
	ContentFiles []string
	// SideFiles are the ends of the names of all files beside the database.
	SideFiles []string
	// Log is the end of the name of the log of changes, one of ContentFiles.
	Log string
	// ReadLog reads the state of the log of a database. The database may be in
	// use: the error may be that the log is being written. open opens a regular
	// file of the directory.
	ReadLog func(dir, file string, open func(name string) (*os.File, error)) (Log, error)
}

// Log is the state of a log of changes: what a change token is made of.
type Log struct {
	// Info is that of the file, nil for a log that is empty or missing.
	Info fs.FileInfo
	// Commit changes with every commit.
	Commit []byte
	// Indexed reports whether Commit identifies the content of the log without
	// the identity of its file.
	Indexed bool
	// Copied reports whether the database file has everything that the log has.
	Copied bool
}

// Types returns the kinds of databases that a node can hold.
func Types() []ayb.DatabaseType { return []ayb.DatabaseType{ayb.SQLite} }

// Known reports whether a node can hold databases of a type.
func Known(t ayb.DatabaseType) bool { return t == ayb.SQLite }
