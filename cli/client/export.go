package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/cli/client/lineedit"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) exportData() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export ENTITY/DATABASE [FILE]",
		Short: "Save a database, a table or a query's rows to a file",
		Long: `Save a database, a table or the rows of a query to a file: the state of one
moment, while others go on writing. Without FILE the file is named after the
database; - is the standard output. The file appears when it is complete.

Without --format, the end of FILE's name decides, else the format is sqlite:

  sqlite  the complete database, a file that SQLite opens
  sql     a script that creates the database, or the table, again
  csv     one table, or the rows of a query; also json and ndjson

An import of the file restores the same data, with types and bytes. Data that a
format cannot hold is reported on stderr.`,
		Example: `  ayb client export alice/shop.sqlite
  ayb client export alice/shop.sqlite fruit.csv --table fruit
  ayb client export alice/shop.sqlite - --format ndjson --query "SELECT * FROM fruit WHERE price < 2"`,
		Args:              positional("ENTITY/DATABASE", "[FILE]"),
		ValidArgsFunction: completingFile(1),
	}
	as := enumFlag(cmd, "format", "form of the file", []string{"sqlite", "sql", "csv", "json", "ndjson"})
	table := cmd.Flags().String("table", "", "save only this `TABLE`")
	sql := cmd.Flags().String("query", "", "save the rows of this `SQL`")
	force := cmd.Flags().Bool("force", false, "replace FILE if it exists")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *table != "" && *sql != "" {
			return usage(cmd, "--table and --query exclude each other")
		}
		db, err := parseDatabase(cmd, args[0])
		if err != nil {
			return err
		}
		e := exportJob{app: a, db: db, force: *force, req: httpapi.ExportRequest{Query: *sql,
			ExportOptions: daemonapi.ExportOptions{Format: daemonapi.TransferFormat(as.value), Table: *table}}}
		if len(args) > 1 {
			e.file = args[1]
		}
		if !cmd.Flags().Changed("format") && e.file != "" && e.file != "-" {
			if e.req.Format = formatByName(e.file); e.req.Format == "" {
				e.req.Format = daemonapi.TransferSQLite
			}
			if e.req.Format == daemonapi.TransferTSV {
				return usage(cmd, "tsv is not a format of exports; choose one with --format")
			}
		}
		return interruptible(cmd.Context(), e.exportToFile)
	}
	return cmd
}

// exportJob is one export.
type exportJob struct {
	*app
	db    database
	req   httpapi.ExportRequest
	file  string
	force bool
}

// exportToFile exports to the file, or to the standard output.
func (e *exportJob) exportToFile(ctx context.Context) error {
	c, err := e.connect()
	if err != nil {
		return err
	}
	if e.file == "-" {
		if e.req.Format == daemonapi.TransferSQLite && lineedit.IsTerminal(e.Stdout) {
			return errs.E(errs.Invalid, "A database file cannot be printed on a terminal; name a file, or another --format")
		}
		_, err := e.download(ctx, c, e.Stdout)
		return err
	}
	if e.file == "" {
		e.file = e.defaultName()
	}
	if err := e.checkTarget(); err != nil {
		return err
	}
	n, err := e.downloadToFile(ctx, c)
	if err != nil {
		return err
	}
	return e.printLine("Exported %s to %s as %s, %s", e.db, printable(e.file), e.req.Format, format.Bytes(n))
}

// defaultName names the file after the database, in the working directory. A
// name from the server cannot leave that directory: servers accept no names with
// path separators, and those of tables are replaced.
func (e *exportJob) defaultName() string {
	name := filepath.Base(e.db.name)
	if formatByName(name) == daemonapi.TransferSQLite {
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	if e.req.Table != "" {
		name += "-" + strings.Map(func(c rune) rune {
			if strings.ContainsRune(`/\:*?"<>|`, c) || c < ' ' {
				return '_'
			}
			return c
		}, e.req.Table)
	}
	return strings.TrimLeft(name, ".-") + "." + string(e.req.Format)
}

// checkTarget refuses a file that cannot be written, or that exists without
// --force. A link stays, and its target is replaced.
func (e *exportJob) checkTarget() error {
	if target, err := filepath.EvalSymlinks(e.file); err == nil {
		e.file = target
	}
	info, err := os.Lstat(e.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return localFailure(err, "write %s", printable(e.file))
	case info.IsDir():
		return errs.E(errs.Invalid, "%s is a directory; name a file in it", printable(e.file))
	case !info.Mode().IsRegular():
		return errs.E(errs.Invalid, "%s is not a regular file; - stands for the standard output", printable(e.file))
	case !e.force:
		return errFileExists(e.file)
	}
	return nil
}

func errFileExists(file string) error {
	return errs.E(errs.Conflict, "%s exists already; --force replaces it", printable(file))
}

// downloadToFile downloads into a temporary file in the same directory, and
// moves it into its place when it is complete. SIGINT and SIGTERM, even
// repeated, first remove the temporary file: the steps after the download take
// little time.
func (e *exportJob) downloadToFile(ctx context.Context, c *httpapi.Client) (int64, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	f, err := os.CreateTemp(filepath.Dir(e.file), ".ayb-*.part") // mode 0600
	if err != nil {
		return 0, localFailure(err, "write %s", printable(e.file))
	}
	defer func() { _ = os.Remove(f.Name()) }() // fails after the file was moved
	n, err := e.download(ctx, c, f)
	if err != nil {
		_ = f.Close() // the first error is the one to report
		return 0, err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return 0, localFailure(err, "write %s", printable(e.file))
	}
	if ctx.Err() != nil {
		return 0, errs.Wrap(errs.Canceled, ctx.Err(), "The export was canceled")
	}
	if err := e.moveIntoPlace(f.Name()); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return 0, errFileExists(e.file)
		}
		return 0, localFailure(err, "write %s", printable(e.file))
	}
	return n, nil
}

// moveIntoPlace renames the temporary file. It does not replace a file that
// another program has created in the meantime, unless --force is set. On file
// systems without links a short moment remains in which it would.
func (e *exportJob) moveIntoPlace(from string) error {
	if !e.force {
		err := os.Link(from, e.file)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		if _, err := os.Lstat(e.file); err == nil {
			return fs.ErrExist
		}
	}
	return os.Rename(from, e.file)
}

// download copies the export to out, and returns the number of bytes.
func (e *exportJob) download(ctx context.Context, c *httpapi.Client, out io.Writer) (n int64, err error) {
	var bar *progress
	if !lineedit.IsTerminal(out) { // else the data itself shows the progress
		bar = e.progress(-1)
	}
	w := &countingWriter{w: out, bar: bar}
	var remarks []string
	e.req.Remark = func(sentence string) { remarks = append(remarks, sentence) }
	err = c.Export(ctx, e.db.entity, e.db.name, e.req, w)
	bar.finish(err == nil)
	if w.err != nil {
		return w.n, localFailure(w.err, "write the export")
	}
	for _, sentence := range remarks {
		if _, werr := fmt.Fprintln(e.Stderr, printable(sentence)); werr != nil && err == nil {
			err = localFailure(werr, "write the remarks")
		}
	}
	return w.n, err
}

// countingWriter counts written bytes, and keeps the error of the writer.
type countingWriter struct {
	w   io.Writer
	bar *progress
	n   int64
	err error
}

// Write implements io.Writer.
func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.bar.add(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

// completingFile offers file names for the argument at index i.
func completingFile(i int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == i {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
