package enginetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Document is an answer as a client reads it.
type Document struct {
	Results []Result `json:"results"`
	Cost    struct {
		DurationMS  *float64 `json:"duration_ms"`
		RowsWritten *int64   `json:"rows_written"`
	} `json:"cost"`
}

// Result is the result of one statement.
type Result struct {
	Columns []struct {
		Name string  `json:"name"`
		Type *string `json:"type"`
	} `json:"columns"`
	Rows      [][]json.RawMessage `json:"rows"`
	Affected  int64               `json:"rows_affected"`
	Rowid     json.RawMessage     `json:"last_insert_rowid"`
	Truncated bool                `json:"truncated"`
	Error     map[string]any      `json:"error"`
}

// Text is a result in short: error, or rows with cells joined by |.
func (r Result) Text() string {
	if r.Error != nil {
		return fmt.Sprintf("error: %v", r.Error["message"])
	}
	var rows []string
	for _, row := range r.Rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, string(c))
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	s := strings.Join(rows, " ")
	if r.Truncated {
		s += "…"
	}
	return s
}

// ReadDocument reads a typed document.
func ReadDocument(t testing.TB, out string) Document {
	t.Helper()
	var doc Document
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: %.300s", err, out)
	}
	if doc.Cost.DurationMS == nil || doc.Cost.RowsWritten == nil {
		t.Fatalf("no cost: %.300s", out)
	}
	return doc
}

// Flatten reads a compatible document and returns its rows as text: cells joined
// by |, rows by a space.
func Flatten(t testing.TB, out string) string {
	t.Helper()
	var doc struct {
		Fields []string    `json:"fields"`
		Rows   [][]*string `json:"rows"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: %.300s", err, out)
	}
	var rows []string
	for _, row := range doc.Rows {
		if len(row) != len(doc.Fields) {
			t.Fatalf("row of %d cells under %d fields: %.300s", len(row), len(doc.Fields), out)
		}
		var cells []string
		for _, c := range row {
			if c == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, *c)
			}
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return strings.Join(rows, " ")
}
