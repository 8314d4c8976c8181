package daemonapi

import (
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Schema is the answer to KindSchema: what a database holds, as the caller
// may see it. Internal tables (sqlite_…) and the shadow tables of virtual
// tables are left out.
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
	// Rows estimates the number of rows without reading them; null when
	// nothing is known.
	Rows         *int64 `json:"row_estimate"`
	WithoutRowid bool   `json:"without_rowid"`
	Strict       bool   `json:"strict"`
	// Error says why a broken view or virtual table could not be described.
	Error string `json:"error,omitempty"`
}

// Column is a column of a table or view.
type Column struct {
	Name string `json:"name"`
	// Type is the declared type, as written; empty when there is none.
	Type    string  `json:"type"`
	NotNull bool    `json:"not_null"`
	Default *string `json:"default"` // SQL text; null when there is none
	// Generated is "virtual" or "stored" for a generated column.
	Generated string `json:"generated,omitempty"`
	Hidden    bool   `json:"hidden,omitempty"` // of a virtual table
}

// ForeignKey is a reference to another table.
type ForeignKey struct {
	Columns []string `json:"columns"`
	Table   string   `json:"table"`
	// References are the columns there; empty means its primary key.
	References []string `json:"references"`
	OnUpdate   string   `json:"on_update"`
	OnDelete   string   `json:"on_delete"`
}

// Index is an index of a table.
type Index struct {
	Name   string `json:"name"`
	Unique bool   `json:"unique"`
	// Columns are the names in order; null stands for an expression.
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

// RunningQuery is a request that runs or waits.
type RunningQuery struct {
	// ID stops it; see KindCancel. It tells nothing else.
	ID      string         `json:"id"`
	Caller  ayb.EntitySlug `json:"entity"`
	Agent   string         `json:"agent,omitempty"`
	Mode    ayb.QueryLevel `json:"mode"`
	State   string         `json:"state"` // "waiting" or "running"
	Started time.Time      `json:"started_at"`
	// SQL is the beginning of its text, without values of parameters.
	SQL string `json:"sql"`
}
