package engine

import "github.com/ayb-go/ayb/shared/daemonapi"

// LoadOptions say how a Load is done.
type LoadOptions struct {
	// Bytes is how much data comes. More data gives the load more time.
	Bytes int64
	// NoForeignKeys accepts foreign keys that do not hold at the end, as a dump
	// may ask for.
	NoForeignKeys bool
	// Commit commits the changes at the end. Without it they are undone.
	Commit bool
}

// LoadLimits are what an import may hold, in bytes: RowBytes of one row in
// memory, DataBytes of all data in a temporary file (0: no limit), and SQLBytes
// of one statement.
type LoadLimits struct{ RowBytes, DataBytes, SQLBytes int64 }

// Loader changes the database within a Load. One goroutine uses it. It has more than
// seven methods because an import needs both parts on the same transaction. An error
// called bad is that of one row or statement, which alone was not done; err ends
// the load.
type Loader interface {
	TableLoader
	ScriptLoader
}

// TableLoader puts rows into tables.
type TableLoader interface {
	// Columns returns the columns of a table that take values, in order, with
	// their declared types; found reports whether there is such a table. A view or
	// a table of the engine's own is Invalid.
	Columns(table string) (names, types []string, found bool, err error)
	// Generated returns the columns that the table computes itself, in order.
	Generated(table string) ([]daemonapi.GeneratedColumn, error)
	// Parts returns what the table has beside its columns.
	Parts(table string) (daemonapi.TableParts, error)
	// CheckEach checks the foreign keys of each row from here on, so that bad rows
	// can be reported one by one. A table that refers to itself is not checked,
	// because its rows may refer to later ones.
	CheckEach(table string) error
	// Into sets where Insert puts its rows: at least one column of a table.
	Into(table string, columns []string) error
	// Insert inserts a row with a value for each column.
	Insert(row []daemonapi.Value) (bad, err error)
}

// ScriptLoader runs the statements of a script.
type ScriptLoader interface {
	// Exec runs a statement and returns how many rows it wrote. Its answer is
	// dropped.
	Exec(sql string) (written int64, bad, err error)
	// Texts returns the cells of the first row of a statement that reads.
	Texts(sql string) (row []string, bad, err error)
	// Shadows returns the tables in which a virtual table keeps its data.
	Shadows(table string) ([]string, error)
	// Restore is Exec for a statement that fills such tables.
	Restore(sql string) (written int64, bad, err error)
}
