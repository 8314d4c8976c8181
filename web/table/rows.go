package table

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Page is a page of rows.
type Page struct {
	Rows []Row
	// More reports whether there are further rows in the direction of reading.
	More bool
}

// Row is a row of a page.
type Row struct {
	// Key identifies the row; empty in a view.
	Key Position
	// Position is the place of the row in the order of the page.
	Position Position
	// Cells are the values as JSON of the typed API; long ones are cut.
	Cells []json.RawMessage
	// Long has a "1" for each cell that was cut.
	Long string
}

// Lines is a typed answer that is read line by line, such as an httpapi.Lines.
type Lines interface {
	Next() bool
	Line() httpapi.Line
	Err() error
}

// ReadPage reads the answer to the Request of a view.
func (t Table) ReadPage(v View, lines Lines) (Page, error) {
	var page Page
	for lines.Next() {
		line := lines.Line()
		if line.Kind != httpapi.LineRow {
			continue
		}
		row, err := t.readRow(v, line.Text)
		if err != nil {
			return Page{}, err
		}
		page.Rows = append(page.Rows, row)
	}
	if err := lines.Err(); err != nil {
		return Page{}, err
	}
	if most := t.PageSize(); len(page.Rows) > most {
		page.Rows, page.More = page.Rows[:most], true
	}
	if v.backward() && len(t.Key) > 0 {
		slices.Reverse(page.Rows)
	}
	return page, nil
}

// readRow reads a line: the key, the sorted value, the marks of long cells, the cells.
func (t Table) readRow(v View, line []byte) (Row, error) {
	values, ok := split(bytes.Clone(line))
	if !ok {
		return Row{}, errs.E(errs.Internal, "The answer of the database can't be read")
	}
	n := len(t.Key)
	sorted := 0
	if v.Sort != "" {
		sorted = 1
	}
	if len(values) != n+sorted+1+len(t.Columns) {
		return Row{}, errs.E(errs.Internal, "The answer of the database has %d columns", len(values))
	}
	row := Row{Key: Position(values[:n:n]), Cells: values[n+sorted+1:]}
	row.Position = append(Position(slices.Clone(values[n:n+sorted])), row.Key...)
	if err := json.Unmarshal(values[n+sorted], &row.Long); err != nil {
		return Row{}, errs.Wrap(errs.Internal, err, "The answer of the database can't be read")
	}
	return row, nil
}
