package database

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// The limits of what a page shows: rows of a result, and bytes of a cell. The rest is
// in the download.
const (
	maxRows      = 500
	maxCellBytes = 2000
	maxBlobBytes = 32
	// maxAnswerBytes bounds the values of all results, and maxResults their number: the
	// page is made in the memory of the server.
	maxAnswerBytes = 2 << 20
	maxResults     = 100
)

// answer is what the statements of a text returned.
type answer struct {
	Results []result
	// Written is the number of rows that the statements wrote.
	Written int64
	// Changes is the number of rows that the last writing statement changed.
	Changes int64
	// More is the number of further results, which are not shown.
	More int

	bytes int // of the values in Results
}

// ReadOnly reports whether the text may be run again for a download. The download
// itself is read-only in any case.
func (a answer) ReadOnly() bool { return a.Written == 0 }

// result is the result of one statement.
type result struct {
	// Number is the place of the result in the answer, from 1.
	Number  int
	Columns []column
	// Rows are the first rows, at most maxRows, and Total is the number of all.
	Rows  [][]cell
	Total int
}

// Shortened reports whether there are more rows than the page shows.
func (r result) Shortened() bool { return r.Total > len(r.Rows) }

// column is the head of a column. Num reports whether its first value is a number.
type column struct {
	Name string
	Num  bool
}

// cell is a value as a page shows it.
type cell struct {
	Text string
	// Kind is null, number, blob, or empty for a text.
	Kind string
	// Short reports whether Text is only the beginning.
	Short bool
}

// readAnswer reads an answer to its end. It keeps the first rows only, so the size of
// the page is limited, and counts the others.
func readAnswer(lines *httpapi.Lines) (answer, error) {
	var a answer
	var current *result
	for lines.Next() {
		line := lines.Line()
		switch line.Kind {
		case httpapi.LineColumns:
			columns := make([]column, len(line.Columns))
			for i, name := range line.Columns {
				columns[i].Name = name
			}
			current = a.next(columns)
		case httpapi.LineRow:
			if current == nil {
				return a, errs.E(errs.Internal, "web/database: a row without columns")
			}
			current.Total++
			if current.Total > maxRows || a.bytes > maxAnswerBytes {
				continue
			}
			cells, err := readRow(line.Text)
			if err != nil {
				return a, err
			}
			for _, c := range cells {
				a.bytes += len(c.Text) + 16 // and its element
			}
			current.add(cells)
		case httpapi.LineEnd, httpapi.LineCost:
			if err := a.count(line.Text); err != nil {
				return a, err
			}
		case httpapi.LineError: // lines.Err returns it
		}
	}
	a.dropEmpty()
	return a, lines.Err()
}

// next begins a result. The ones after the first maxResults are counted only; results
// without columns make room for others.
func (a *answer) next(columns []column) *result {
	if len(a.Results) == maxResults {
		a.dropEmpty()
	}
	if len(a.Results) == maxResults {
		a.More++
		return &result{Columns: columns}
	}
	a.Results = append(a.Results, result{Columns: columns})
	return &a.Results[len(a.Results)-1]
}

// add adds a row. The first value of a column that is not NULL decides its look.
func (r *result) add(cells []cell) {
	r.Rows = append(r.Rows, cells)
	for i, c := range cells {
		if c.Kind == "number" && !slices.ContainsFunc(r.Rows[:len(r.Rows)-1], func(row []cell) bool { return row[i].Kind != "null" }) {
			r.Columns[i].Num = true
		}
	}
}

// count reads the numbers at the end of a result or of the answer.
func (a *answer) count(text []byte) error {
	var numbers struct {
		Changes int64 `json:"rows_affected"`
		Cost    struct {
			Written int64 `json:"rows_written"`
		} `json:"cost"`
	}
	if err := json.Unmarshal(text, &numbers); err != nil {
		return errs.Wrap(errs.Internal, err, "The end of a result can't be read")
	}
	a.Written += numbers.Cost.Written
	if numbers.Changes > 0 {
		a.Changes = numbers.Changes
	}
	return nil
}

// dropEmpty removes results without columns when there are others, such as those of
// CREATE TABLE before a SELECT, and numbers the rest.
func (a *answer) dropEmpty() {
	var kept []result
	for _, r := range a.Results {
		if len(r.Columns) > 0 {
			kept = append(kept, r)
		}
	}
	if len(kept) > 0 {
		a.Results = kept
	} else if len(a.Results) > 1 {
		a.Results = a.Results[len(a.Results)-1:]
	}
	for i := range a.Results {
		a.Results[i].Number = i + 1
	}
}

// readRow reads a row of typed values, as docs/api.md describes them.
func readRow(text []byte) ([]cell, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var values []any
	if err := decoder.Decode(&values); err != nil {
		return nil, errs.Wrap(errs.Internal, err, "A row can't be read")
	}
	cells := make([]cell, len(values))
	for i, v := range values {
		cells[i] = cellOf(v)
	}
	return cells, nil
}

func cellOf(v any) cell {
	switch v := v.(type) {
	case nil:
		return cell{Kind: "null"}
	case json.Number:
		return cell{Text: numberText(v.String()), Kind: "number"}
	case string:
		text, short := beginning(v, maxCellBytes)
		return cell{Text: text, Short: short}
	case map[string]any:
		return specialCell(v)
	default:
		return cell{Text: fmt.Sprint(v)}
	}
}

// specialCell is the cell of a value that JSON cannot represent by itself.
func specialCell(v map[string]any) cell {
	if s, ok := v["integer"].(string); ok {
		return cell{Text: s, Kind: "number"}
	}
	if s, ok := v["real"].(string); ok {
		return cell{Text: strings.NewReplacer("Infinity", "inf").Replace(s), Kind: "number"}
	}
	encoded, _ := v["base64"].(string)
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return cell{Text: encoded}
	}
	size := fmt.Sprintf(" · %d bytes", len(data))
	if len(data) > maxBlobBytes {
		return cell{Text: "X'" + strings.ToUpper(hex.EncodeToString(data[:maxBlobBytes])) + "…'" + size, Kind: "blob", Short: true}
	}
	return cell{Text: "X'" + strings.ToUpper(hex.EncodeToString(data)) + "'" + size, Kind: "blob"}
}

// numberText writes a number as the compatible answers of the API do: without an
// exponent, and a whole one without a point.
func numberText(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// beginning returns at most n bytes of a text, and whether that is not all.
func beginning(s string, n int) (text string, short bool) {
	if len(s) <= n {
		return s, false
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…", true
}
