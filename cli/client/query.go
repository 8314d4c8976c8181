package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) query() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query ENTITY/DATABASE [SQL]",
		Short: "Run SQL, or open an interactive session",
		Long: `Run SQL on a database. All statements of SQL run in one transaction, and the
last result is printed. Put "--" before SQL that begins with a hyphen.

Without SQL an interactive session begins: a statement may span lines and ends
with a semicolon; a transaction, from BEGIN to COMMIT, is sent as one. Enter
.help there for its commands. Ctrl-C stops a statement or clears the line, and
ends the session on an empty one, as Ctrl-D does. When the input is no
terminal, its statements run one after another without a prompt; a statement
that fails does not stop the others, and the exit code is then 1.

Formats:
  table  aligned columns; NULL for what is not there; then "Rows: N"
  csv    a header and records; then an empty line and "Rows: N"
  json   one object as the HTTP API sends it, {"fields":[…],"rows":[[…]]}:
         values are strings, NULL is null

With --quiet a table or CSV has its header even without rows, and nothing
follows it.`,
		Example: `  ayb client query alice/shop.sqlite "SELECT name, price FROM fruit"
  ayb client query alice/shop.sqlite "SELECT * FROM fruit" --format csv --quiet > fruit.csv
  ayb client query alice/shop.sqlite
  ayb client query alice/shop.sqlite < schema.sql`,
		Args:              positional("ENTITY/DATABASE", "[SQL]"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	quiet := cmd.Flags().BoolP("quiet", "q", false, "print nothing but the result")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		db, err := parseDatabase(cmd, args[0])
		if err != nil {
			return err
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		q := &querier{client: c, db: db, out: a.Stdout, as: format.Kind(as.value), quiet: *quiet}
		if len(args) == 2 {
			return q.run(cmd.Context(), args[1])
		}
		return a.session(cmd.Context(), q)
	}
	return cmd
}

// querier runs SQL on one database and prints the results.
type querier struct {
	client *httpapi.Client
	db     database
	out    io.Writer
	as     format.Kind
	quiet  bool
}

// run runs SQL and prints its result. JSON and CSV are printed as they
// arrive; a table needs all of its rows first.
func (q *querier) run(ctx context.Context, sql string) error {
	if q.as == format.JSON {
		out := &localWriter{w: q.out}
		if err := q.client.QueryTo(ctx, q.db.entity, q.db.name, sql, out); err != nil {
			return err
		}
		_, err := io.WriteString(out, "\n")
		return err
	}
	rows, err := q.client.QueryRows(ctx, q.db.entity, q.db.name, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	n, err := q.print(rows)
	if err != nil {
		return err
	}
	if q.quiet {
		return nil
	}
	_, err = fmt.Fprintf(q.out, "\nRows: %d\n", n)
	return localFailure(err, "write the answer")
}

// print prints the rows and tells how many there were. The header comes with
// the first row, or in any case when quiet.
func (q *querier) print(rows *httpapi.Rows) (int, error) {
	if q.as == format.CSV {
		return q.printCSV(rows)
	}
	var all [][]string
	for rows.Next() {
		all = append(all, cells(rows.Row()))
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if !q.hasHeader(rows, len(all)) {
		return 0, nil
	}
	err := format.WriteTable(q.out, rows.Fields(), all)
	return len(all), localFailure(err, "write the answer")
}

func (q *querier) printCSV(rows *httpapi.Rows) (int, error) {
	w, n := format.NewCSVWriter(q.out), 0
	var err error
	for err == nil && rows.Next() {
		if n == 0 {
			err = w.Write(rows.Fields())
		}
		err = errors.Join(err, w.Write(cells(rows.Row())))
		n++
	}
	if n == 0 && rows.Err() == nil && q.hasHeader(rows, 0) {
		err = w.Write(rows.Fields())
	}
	if err = localFailure(errors.Join(err, w.Flush()), "write the answer"); err != nil {
		return n, err
	}
	return n, rows.Err()
}

func (q *querier) hasHeader(rows *httpapi.Rows, n int) bool {
	return n > 0 || q.quiet && len(rows.Fields()) > 0
}

// cells are the texts of a row.
func cells(row []*string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = or(cell, "NULL")
	}
	return out
}

// localWriter gives the failures of a writer on this machine their sentence.
type localWriter struct{ w io.Writer }

// Write writes on.
func (l *localWriter) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	return n, localFailure(err, "write the answer")
}
