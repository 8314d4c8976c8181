//go:build cgo && (linux || darwin)

package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// plainDB is SQLite alone: the driver and one connection.
type plainDB struct {
	*sql.Conn
	t testing.TB
}

// openPlain opens a database with groupSchema.
func openPlain(t testing.TB) plainDB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "plain.sqlite")+"?_foreign_keys=1&_journal_mode=WAL&_synchronous=OFF")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.ExecContext(context.Background(), groupSchema); err != nil {
		t.Fatal(err)
	}
	return plainDB{c, t}
}

// outcome runs a statement without rows and describes its result like outcomes.
func (db plainDB) outcome(s daemonapi.Statement) string {
	var args []any
	for _, v := range s.Params.Positional {
		switch v.Kind {
		case daemonapi.Null:
			args = append(args, nil)
		case daemonapi.Integer:
			args = append(args, v.Integer)
		case daemonapi.Real:
			args = append(args, v.Real)
		case daemonapi.Text:
			args = append(args, string(v.Bytes))
		case daemonapi.Blob:
			args = append(args, v.Bytes)
		}
	}
	if n := strings.Count(s.SQL, "?"); n < len(args) && !strings.Contains(s.SQL, "?1") {
		// The driver ignores extra values.
		return fmt.Sprintf("error: The statement has %s, and %s given", plural(n, "parameter"), were(len(args)))
	}
	res, err := db.ExecContext(context.Background(), s.SQL, args...)
	if err != nil {
		return "error: " + err.Error()
	}
	n, err := res.RowsAffected()
	if err != nil {
		db.t.Fatal(err)
	}
	return fmt.Sprintf(" (%d changed)", n)
}

// dump returns all rows in the form of must.
func (db plainDB) dump() string {
	var cells [4]sql.NullString
	if err := db.QueryRowContext(context.Background(), dump).Scan(&cells[0], &cells[1], &cells[2], &cells[3]); err != nil {
		db.t.Fatal(err)
	}
	var out []string
	for _, c := range cells {
		if !c.Valid {
			c.String = "NULL"
		}
		out = append(out, c.String)
	}
	return strings.Join(out, "|")
}
