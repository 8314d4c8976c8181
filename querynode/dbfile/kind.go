package dbfile

import (
	"os"

	"github.com/ayb-go/ayb/querynode/engine/kind"
	"github.com/ayb-go/ayb/shared/ayb"
)

// Kind returns the kind of a database. It is SQLite's for each: a second engine
// has to record the kind in the directory of the database.
func (*Dir) Kind(ayb.DatabasePath) kind.Kind { return kind.SQLite() }

// readLog reads the state of the log of a database.
func readLog(dir, file string) (kind.Log, error) {
	return kind.SQLite().ReadLog(dir, file, func(name string) (*os.File, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer func() { _ = root.Close() }() // the file stays open
		return openInside(root, name)
	})
}
