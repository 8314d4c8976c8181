package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/cli/client/lineedit"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const queryHelp = `Run SQL on a database. All statements of SQL run in one transaction, and the
last result is printed. Put "--" before SQL that begins with a hyphen.

Values are parameters and not part of SQL: --param NAME=TEXT, or NAME:=JSON for a
number, null, or a BLOB as {"base64":"…"}, each for :NAME, @NAME or $NAME in the
SQL. --params has all values: an array for ?, an object for names. SQL with
parameters is one statement. Without SQL it is read from the input.

--file runs a script, "-" the input, and prints all of its results. A script that
fits into one request is one transaction, unless it has transactions of its own.
A longer one is sent in pieces, each a transaction of its own; an error says which
lines have run. A transaction of the script is never split.

Without SQL an interactive session begins: a statement may span lines and ends
with a semicolon; a transaction, from BEGIN to COMMIT, is one request. .help lists
the commands of the session. Ctrl-C stops a statement or clears the line; on an
empty line it ends the session, as Ctrl-D does. If the input is not a terminal, its
statements run one after another and only answers go to stdout. The error of a
statement goes to stderr; the others still run and the command succeeds, unless
.bail is on.

Formats:
  table     aligned columns, NULL as NULL; then "Rows: N"
  csv       a header and records; then an empty line and "Rows: N". With
            parameters or --file as the HTTP API sends it: nothing follows, NULL
            is an empty field and an empty text is ""
  json      one document with types and costs, as the HTTP API sends it:
            {"results":[{"columns":[…],"rows":[[…]],…}],"cost":{…}}
  ndjson    the same line by line, as it arrives
  markdown  a table for a text

With --quiet a table or CSV has its header even without rows, and no "Rows: N".`

func (a *app) query() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query ENTITY/DATABASE [SQL]",
		Short: "Run SQL, or open an interactive session",
		Long:  queryHelp,
		Example: `  ayb client query alice/shop.sqlite "SELECT name, price FROM fruit"
  ayb client query alice/shop.sqlite "SELECT * FROM fruit WHERE price < :most" --param most:=2.5
  ayb client query alice/shop.sqlite "SELECT * FROM fruit" --format csv --quiet > fruit.csv
  ayb client query alice/shop.sqlite --file schema.sql
  ayb client query alice/shop.sqlite`,
		Args:              positional("ENTITY/DATABASE", "[SQL]"),
		ValidArgsFunction: completing(),
	}
	as := enumFlag(cmd, "format", "how to print the answer", format.QueryKinds())
	quiet := cmd.Flags().BoolP("quiet", "q", false, "print only the result")
	file := cmd.Flags().StringP("file", "f", "", "run the script in `FILE`; - is the input")
	var params paramFlags
	params.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		db, err := parseDatabase(cmd, args[0])
		if err != nil {
			return err
		}
		values, err := params.json(cmd)
		if err != nil {
			return err
		}
		if *file != "" && (len(args) == 2 || values != nil) {
			return usage(cmd, "--file excludes SQL and parameters")
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		q := &querier{client: c, db: db, out: a.Stdout, as: format.Kind(as.value), quiet: *quiet}
		switch {
		case *file != "":
			return a.runScript(cmd.Context(), q, *file)
		case values != nil:
			return a.runWithParams(cmd, q, args[1:], values)
		case len(args) == 2:
			return interruptible(cmd.Context(), func(ctx context.Context) error { return q.runSQL(ctx, args[1]) })
		}
		return a.runShell(cmd.Context(), q)
	}
	return cmd
}

// runWithParams runs a statement with values. Without an argument the statement
// is read from the input.
func (a *app) runWithParams(cmd *cobra.Command, q *querier, sql []string, values json.RawMessage) error {
	if len(sql) == 0 {
		if lineedit.IsTerminal(a.Stdin) {
			return usage(cmd, "parameters need SQL: as an argument, or from the input")
		}
		text, err := io.ReadAll(a.Stdin)
		if err != nil {
			return localFailure(err, "read the input")
		}
		sql = []string{string(text)}
	}
	return interruptible(cmd.Context(), func(ctx context.Context) error {
		return q.runTyped(ctx, httpapi.QueryRequest{SQL: sql[0], Params: values})
	})
}

// interruptible runs a request that Ctrl-C cancels. A second Ctrl-C ends the
// program at once.
func interruptible(ctx context.Context, run func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	return run(ctx)
}

// querier runs SQL on one database and prints the results.
type querier struct {
	client  *httpapi.Client
	db      database
	out     io.Writer
	as      format.Kind
	quiet   bool
	results int     // printed results of the current typed request
	headers *bool   // whether csv and list have headers; nil for the default of each
	null    *string // the text for NULL; nil for "NULL"
	widths  []int   // of the columns of tables; 0 or missing for any width
}

// runSQL runs SQL and prints its result. A table is printed when all rows have
// arrived, other formats as they arrive.
func (q *querier) runSQL(ctx context.Context, sql string) error {
	switch q.as {
	case format.JSON, format.NDJSON, format.Markdown:
		q.results = 0
		return q.sendTyped(ctx, httpapi.QueryRequest{SQL: sql})
	}
	rows, err := q.client.QueryRows(ctx, q.db.entity, q.db.name, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	n, err := q.printRows(rows)
	if err != nil {
		return err
	}
	return q.printCount(n)
}

// printRows prints the rows and returns their number. The header comes with the
// first row; with --quiet it comes even without rows.
func (q *querier) printRows(rows *httpapi.Rows) (int, error) {
	if q.as == format.CSV || q.as == format.List {
		w, header := q.recordWriter()
		return q.printRecords(w, header, rows)
	}
	var all [][]string
	for rows.Next() {
		all = append(all, cells(rows.Row(), q.nullText()))
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if !q.hasHeader(rows, len(all)) {
		return 0, nil
	}
	err := format.WriteTable(q.out, rows.Fields(), all, q.widths...)
	return len(all), localFailure(err, "write the answer")
}

// printRecords prints CSV or a list row by row.
func (q *querier) printRecords(w recordWriter, header bool, rows *httpapi.Rows) (int, error) {
	n := 0
	var err error
	for err == nil && rows.Next() {
		if n == 0 && header {
			err = w.Write(rows.Fields())
		}
		err = errors.Join(err, w.Write(cells(rows.Row(), q.nullText())))
		n++
	}
	if n == 0 && header && rows.Err() == nil && q.hasHeader(rows, 0) {
		err = w.Write(rows.Fields())
	}
	if err = localFailure(errors.Join(err, w.Flush()), "write the answer"); err != nil {
		return n, err
	}
	return n, rows.Err()
}

// recordWriter returns the writer of CSV or a list, and whether it needs a
// header.
func (q *querier) recordWriter() (w recordWriter, header bool) {
	if q.as == format.List {
		return format.NewListWriter(q.out), q.headers != nil && *q.headers
	}
	return format.NewCSVWriter(q.out), q.headers == nil || *q.headers
}

// recordWriter writes records one by one.
type recordWriter interface {
	Write(record []string) error
	Flush() error
}

func (q *querier) hasHeader(rows *httpapi.Rows, n int) bool {
	return n > 0 || q.quiet && len(rows.Fields()) > 0
}

// nullText returns the text for NULL.
func (q *querier) nullText() string { return orDefault(q.null, "NULL") }

// cells returns the texts of a row.
func cells(row []*string, null string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = orDefault(cell, null)
	}
	return out
}

// localWriter turns errors of a writer on this machine into sentences.
type localWriter struct{ w io.Writer }

// Write implements io.Writer.
func (l *localWriter) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	return n, localFailure(err, "write the answer")
}
