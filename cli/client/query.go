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

Values go apart from SQL, as parameters: --param NAME=TEXT, or NAME:=JSON for a
number, null, or a BLOB as {"base64":"…"}, each for :NAME, @NAME or $NAME in the
SQL; or all of them with --params, an array for ?, an object for names. A
statement with parameters stands alone. Without SQL it is read from the input.

--file runs a script, "-" the input. All of its results are printed. As long as
it fits into one request it is one transaction, unless it has transactions of
its own; a longer one is sent in pieces, each a transaction of its own, and a
failure says what has been done. A transaction of the script is never cut.

Without SQL an interactive session begins: a statement may span lines and ends
with a semicolon; a transaction, from BEGIN to COMMIT, is sent as one. Enter
.help there for its commands. Ctrl-C stops a statement or clears the line, and
ends the session on an empty one, as Ctrl-D does. When the input is no
terminal, its statements run one after another and only answers go to stdout; a
statement that fails is told on stderr and stops neither the others nor the
success of the command, unless .bail is on.

Formats:
  table     aligned columns; NULL for what is not there; then "Rows: N"
  csv       a header and records; then an empty line and "Rows: N". With
            parameters or --file as the HTTP API sends it: nothing follows, NULL
            is an empty field and an empty text is ""
  json      one document with types and costs, as the HTTP API sends it:
            {"results":[{"columns":[…],"rows":[[…]],…}],"cost":{…}}
  ndjson    the same line by line, as it arrives
  markdown  a table for a text

With --quiet a table or CSV has its header even without rows, and nothing
follows it.`

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
	quiet := cmd.Flags().BoolP("quiet", "q", false, "print nothing but the result")
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
			return usage(cmd, "--file goes without SQL and without parameters")
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

// runWithParams runs a statement with values; it is read from the input when it is
// not among the arguments.
func (a *app) runWithParams(cmd *cobra.Command, q *querier, sql []string, values json.RawMessage) error {
	if len(sql) == 0 {
		if lineedit.IsTerminal(a.Stdin) {
			return usage(cmd, "parameters need SQL")
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

// interruptible runs a request that Ctrl-C gives up. A second Ctrl-C ends the
// program, whatever it is waiting for.
func interruptible(ctx context.Context, run func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	return run(ctx)
}

// querier runs SQL on one database and prints the results.
type querier struct {
	client *httpapi.Client
	db     database
	out    io.Writer
	as     format.Kind
	quiet  bool
	// results counts those that have been printed of typed requests.
	results int
	headers *bool   // of csv and list; nil for what is usual
	null    *string // what stands for NULL; nil for the word
	widths  []int   // of the columns of tables; 0 and missing for any
}

// runSQL runs SQL and prints its result. All but a table is printed as it
// arrives; a table needs all of its rows first.
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

// printRows prints the rows and tells how many there were. The header comes with
// the first row, or in any case when quiet.
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

// recordWriter makes the writer of CSV or a list, and reports whether a header
// goes first.
func (q *querier) recordWriter() (w recordWriter, header bool) {
	if q.as == format.List {
		return format.NewListWriter(q.out), q.headers != nil && *q.headers
	}
	return format.NewCSVWriter(q.out), q.headers == nil || *q.headers
}

// recordWriter writes records as they come.
type recordWriter interface {
	Write(record []string) error
	Flush() error
}

func (q *querier) hasHeader(rows *httpapi.Rows, n int) bool {
	return n > 0 || q.quiet && len(rows.Fields()) > 0
}

// nullText is what stands for NULL.
func (q *querier) nullText() string { return orDefault(q.null, "NULL") }

// cells are the texts of a row.
func cells(row []*string, null string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = orDefault(cell, null)
	}
	return out
}

// localWriter returns the failures of a writer on this machine their sentence.
type localWriter struct{ w io.Writer }

// Write writes on.
func (l *localWriter) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	return n, localFailure(err, "write the answer")
}
