package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// sendTyped runs a request of the typed API and prints the answer as it arrives.
func (q *querier) sendTyped(ctx context.Context, r httpapi.QueryRequest) error {
	switch q.as {
	case format.JSON:
		out := &localWriter{w: q.out}
		if err := q.client.TypedTo(ctx, q.db.entity, q.db.name, r, httpapi.ContentType, out); err != nil {
			return err
		}
		_, err := io.WriteString(out, "\n")
		return err
	case format.CSV:
		return q.client.TypedTo(ctx, q.db.entity, q.db.name, r, httpapi.ContentTypeCSV, &localWriter{w: q.out})
	}
	lines, err := q.client.QueryLines(ctx, q.db.entity, q.db.name, r)
	if err != nil {
		return err
	}
	defer lines.Close()
	if q.as == format.NDJSON {
		return copyLines(q.out, lines)
	}
	return q.printResults(lines)
}

// copyLines prints lines as they are. It flushes before it waits for the next
// line.
func copyLines(w io.Writer, lines *httpapi.Lines) error {
	out := bufio.NewWriterSize(&localWriter{w: w}, 64<<10)
	for lines.Next() {
		_, _ = out.Write(lines.Line().Text)
		err := out.WriteByte('\n')
		if lines.Waiting() {
			err = errors.Join(err, out.Flush())
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(lines.Err(), out.Flush())
}

// printResults prints each result that has columns.
func (q *querier) printResults(lines *httpapi.Lines) error {
	for lines.Next() {
		l := lines.Line()
		if l.Kind != httpapi.LineColumns || len(l.Columns) == 0 {
			continue
		}
		show := q.showTable
		if q.as == format.Markdown {
			show = q.showMarkdown
		}
		if err := show(lines, l.Columns); err != nil {
			return err
		}
		q.results++
	}
	return lines.Err()
}

// showTable prints one result as a table, when all rows have arrived.
func (q *querier) showTable(lines *httpapi.Lines, columns []string) error {
	var rows [][]string
	complete, err := eachRow(lines, q.nullText(), func(row []string) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil || !complete {
		return err
	}
	if len(rows) > 0 || q.quiet {
		if err := format.WriteTable(q.out, columns, rows, q.widths...); err != nil {
			return localFailure(err, "write the answer")
		}
	}
	return q.printCount(len(rows))
}

// showMarkdown prints one result row by row.
func (q *querier) showMarkdown(lines *httpapi.Lines, columns []string) error {
	out := &localWriter{w: q.out}
	w := format.NewMarkdownWriter(out)
	var err error
	if q.results > 0 {
		_, err = io.WriteString(out, "\n")
	}
	if err = errors.Join(err, w.Header(columns)); err != nil {
		return err
	}
	_, err = eachRow(lines, q.nullText(), func(row []string) error {
		err := w.Write(row)
		if lines.Waiting() {
			err = errors.Join(err, w.Flush())
		}
		return err
	})
	return errors.Join(err, w.Flush())
}

// runRecords runs a request of the typed API and prints its results like runSQL,
// as CSV or a list.
func (q *querier) runRecords(ctx context.Context, r httpapi.QueryRequest) error {
	lines, err := q.client.QueryLines(ctx, q.db.entity, q.db.name, r)
	if err != nil {
		return err
	}
	defer lines.Close()
	n := 0
	for lines.Next() {
		l := lines.Line()
		if l.Kind != httpapi.LineColumns || len(l.Columns) == 0 {
			continue
		}
		w, header := q.recordWriter()
		columns := l.Columns
		n = 0
		_, err := eachRow(lines, q.nullText(), func(row []string) error {
			n++
			if n == 1 && header {
				if err := w.Write(columns); err != nil {
					return localFailure(err, "write the answer")
				}
			}
			return localFailure(w.Write(row), "write the answer")
		})
		if n == 0 && header && q.quiet {
			err = errors.Join(err, w.Write(columns))
		}
		if err = errors.Join(err, w.Flush()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return q.printCount(n)
}

// printCount prints the number of rows after a result.
func (q *querier) printCount(n int) error {
	if q.quiet {
		return nil
	}
	_, err := fmt.Fprintf(q.out, "\nRows: %d\n", n)
	return localFailure(err, "write the answer")
}

// eachRow calls do for each row of one result, and reports whether the result is
// complete. If it is not, lines.Err has the reason.
func eachRow(lines *httpapi.Lines, null string, do func([]string) error) (complete bool, err error) {
	for lines.Next() {
		switch l := lines.Line(); l.Kind {
		case httpapi.LineRow:
			row, err := typedCells(l.Text, null)
			if err != nil {
				return false, err
			}
			if err := do(row); err != nil {
				return false, err
			}
		case httpapi.LineEnd:
			return true, nil
		}
	}
	return false, nil
}

// typedCells returns the texts of a row of the typed API.
func typedCells(line []byte, null string) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var row []any
	if err := d.Decode(&row); err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The server sent a row that is not a JSON array of values")
	}
	out := make([]string, len(row))
	for i, value := range row {
		if value == nil {
			out[i] = null
			continue
		}
		out[i] = typedCell(value)
	}
	return out, nil
}

func typedCell(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		if s, ok := v["base64"].(string); ok {
			return blob(s)
		}
		for _, number := range v { // {"integer":"…"} or {"real":"…"}
			return fmt.Sprint(number)
		}
	}
	return fmt.Sprint(value)
}

// blob returns a BLOB as text if it is UTF-8, else as a literal of SQL.
func blob(encoded string) string {
	data, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case err != nil:
		return encoded
	case utf8.Valid(data):
		return string(data)
	}
	return fmt.Sprintf("X'%s'", strings.ToUpper(fmt.Sprintf("%x", data)))
}
