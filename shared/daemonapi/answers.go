package daemonapi

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Schema is the answer to KindSchema: the contents of a database that the
// caller may see. It leaves out internal tables (sqlite_…) and the shadow
// tables of virtual tables.
type Schema struct {
	Tables []Table `json:"tables"`
	Views  []Table `json:"views"`
}

// Table is a table, a virtual table or a view.
type Table struct {
	Name string `json:"name"`
	// Type is "table", "virtual" or "view".
	Type string `json:"type"`
	// SQL is the statement that made it.
	SQL     string   `json:"sql"`
	Columns []Column `json:"columns"`
	// PrimaryKey are the names of its columns, in the order of the key.
	PrimaryKey  []string     `json:"primary_key"`
	ForeignKeys []ForeignKey `json:"foreign_keys"`
	Indexes     []Index      `json:"indexes"`
	// Rows is an estimate of the number of rows, made without reading them;
	// null when unknown.
	Rows         *int64 `json:"row_estimate"`
	WithoutRowid bool   `json:"without_rowid"`
	Strict       bool   `json:"strict"`
	// Error is why a broken view or virtual table has no description.
	Error string `json:"error,omitempty"`
}

// Column is a column of a table or view.
type Column struct {
	Name string `json:"name"`
	// Type is the declared type, as written; empty for none.
	Type    string  `json:"type"`
	NotNull bool    `json:"not_null"`
	Default *string `json:"default"` // SQL text; null without one
	// Generated is "virtual" or "stored" for a generated column.
	Generated string `json:"generated,omitempty"`
	Hidden    bool   `json:"hidden,omitempty"` // of a virtual table
}

// ForeignKey is a reference to another table.
type ForeignKey struct {
	Columns []string `json:"columns"`
	Table   string   `json:"table"`
	// References are the columns of the other table; empty for its primary key.
	References []string `json:"references"`
	OnUpdate   string   `json:"on_update"`
	OnDelete   string   `json:"on_delete"`
}

// Index is an index of a table.
type Index struct {
	Name   string `json:"name"`
	Unique bool   `json:"unique"`
	// Columns are the names in order; null for an expression.
	Columns []*string `json:"columns"`
	Partial bool      `json:"partial"`
	// Origin is "index" for CREATE INDEX, else "unique" or "primary_key".
	Origin string `json:"origin"`
	SQL    string `json:"sql,omitempty"`
}

// Running is the answer to KindRunning, oldest first.
type Running struct {
	Queries []RunningQuery `json:"queries"`
}

// RunningQuery is a running or waiting request.
type RunningQuery struct {
	// ID is an opaque id for KindCancel.
	ID      string         `json:"id"`
	Caller  ayb.EntitySlug `json:"entity"`
	Agent   string         `json:"agent,omitempty"`
	Mode    ayb.QueryLevel `json:"mode"`
	State   string         `json:"state"` // "waiting" or "running"
	Started time.Time      `json:"started_at"`
	// SQL is the beginning of its text, without values of parameters.
	SQL string `json:"sql"`
}
