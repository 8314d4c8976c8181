package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/sqlitefile"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const importHelp = `Load a file into a database: either all of it or nothing. - is the standard
input. The format of FILE is recognized by its first bytes, its name or its
content, and printed; --format decides it. FILE may be compressed with gzip or
zstd.

A SQLite file becomes a new database of yours, or replaces all contents of a
database: --replace. Committed transactions in FILE-wal are included. A file with
the FILE-journal of an unfinished transaction is refused. A SQL script is run in a
database. The other formats go into a table, which is named after FILE unless you
name it. The types of a new table's columns and the dialect of CSV are derived from
the complete file, and printed.

--dry-run shows columns, types, the first rows and the invalid ones, and changes
nothing. An invalid row stops the import, and nothing is imported; with
--on-error skip it is left out and reported. A dry run of an import that would be
stopped exits with 1.`

// importFlags are the options of import, as typed.
type importFlags struct {
	format, mode, onError, header, public *enum

	replace, add, dryRun, json, trim *bool

	delimiter, quote, escape, comment, encoding, types *string
	skipLines                                          *int64
	nulls                                              *[]string
}

func (a *app) importData() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE ENTITY/DATABASE[:TABLE]",
		Short: "Load a SQLite file, a table or a SQL script into a database",
		Long:  importHelp,
		Example: `  ayb client import shop.sqlite alice/shop.sqlite
  ayb client import fruit.csv alice/shop.sqlite:fruit --dry-run
  ayb client import fruit.csv.gz alice/shop.sqlite:fruit --append --on-error skip`,
		Args:              positional("FILE", "ENTITY/DATABASE[:TABLE]"),
		ValidArgsFunction: completingFile(0),
	}
	f := newImportFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, table, _ := strings.Cut(args[1], ":") // no name of a database has a colon
		db, err := parseDatabase(cmd, name)
		if err != nil {
			return err
		}
		i := &importJob{app: a, db: db, file: args[0], json: *f.json}
		if i.req, err = f.request(cmd, table); err != nil {
			return err
		}
		return i.importFile(cmd)
	}
	return cmd
}

func newImportFlags(cmd *cobra.Command) importFlags {
	flags := cmd.Flags()
	return importFlags{
		format:    enumFlag(cmd, "format", "format of FILE", []string{"guess", "sqlite", "sql", "csv", "tsv", "json", "ndjson"}),
		mode:      enumFlag(cmd, "mode", "create a table or database, append to a table, or replace it", []string{daemonapi.ImportCreate, daemonapi.ImportAppend, daemonapi.ImportReplace}),
		replace:   flags.Bool("replace", false, "the same as --mode replace"),
		add:       flags.Bool("append", false, "the same as --mode append"),
		onError:   enumFlag(cmd, "on_error", "stop at an invalid row, or skip it", []string{daemonapi.OnErrorStop, daemonapi.OnErrorSkip}),
		dryRun:    flags.Bool("dry_run", false, "show the result, and change nothing"),
		header:    enumFlag(cmd, "header", "whether the first line has the names of the columns", []string{"guess", "yes", "no"}),
		delimiter: flags.String("delimiter", "", "`CHARACTER` between fields, such as ; or \\t"),
		quote:     flags.String("quote", "", "`CHARACTER` around fields, or none"),
		escape:    flags.String("escape", "", "`CHARACTER` that escapes the next one, or none; with \\ also \\n, \\t and \\N are escapes"),
		comment:   flags.String("comment", "", "`CHARACTER` at the beginning of lines to leave out"),
		skipLines: flags.Int64("skip_lines", 0, "`NUMBER` of lines before the header, or the first row"),
		trim:      flags.Bool("trim", false, "leave out blanks around fields"),
		types:     flags.String("types", "", "`COLUMN=TYPE,…` of a new table: INTEGER, REAL or TEXT"),
		encoding:  flags.String("encoding", "", "`ENCODING` of the text, such as utf-8, utf-16le, latin-1, windows-1251 or shift_jis"),
		nulls:     flags.StringArray("null", nil, "`TEXT` that stands for NULL; can be given several times"),
		public:    enumFlag(cmd, "public_sharing_level", "what all other accounts may do with a new database", []string{string(ayb.PublicNone), string(ayb.PublicFork), string(ayb.PublicReadOnly)}),
		json:      flags.Bool("json", false, "print the server's answer"),
	}
}

// request checks the options against each other, and returns the request without
// what the file decides.
func (f importFlags) request(cmd *cobra.Command, table string) (httpapi.ImportRequest, error) {
	r := httpapi.ImportRequest{ImportOptions: daemonapi.ImportOptions{
		Table: table, Mode: f.mode.value, OnError: f.onError.value, DryRun: *f.dryRun,
		Delimiter: strings.ReplaceAll(*f.delimiter, `\t`, "\t"), Quote: *f.quote, Escape: *f.escape, Comment: *f.comment,
		SkipLines: *f.skipLines, Trim: *f.trim, Encoding: *f.encoding, Nulls: *f.nulls,
	}}
	if cmd.Flags().Changed("quote") && r.Quote == "" {
		r.Quote = daemonapi.NoCharacter
	}
	var err error
	if r.Types, err = daemonapi.ParseTypes(*f.types); err != nil {
		return r, usage(cmd, "--types must look like id=INTEGER,price=REAL, or be a JSON object of the same")
	}
	if r.SkipLines < 0 {
		return r, usage(cmd, "--skip-lines must be a number from 0")
	}
	for mode, chosen := range map[string]bool{daemonapi.ImportReplace: *f.replace, daemonapi.ImportAppend: *f.add} {
		if !chosen {
			continue
		}
		if *f.replace && *f.add || cmd.Flags().Changed("mode") && f.mode.value != mode {
			return r, usage(cmd, "--mode, --replace and --append contradict each other")
		}
		r.Mode = mode
	}
	if f.header.value != "guess" {
		r.Header = f.header.value
	}
	if f.format.value != "guess" {
		r.Format = daemonapi.TransferFormat(f.format.value)
	}
	if cmd.Flags().Changed("public_sharing_level") {
		r.PublicSharingLevel = f.public.value
	}
	return r, nil
}

// importJob is one import.
type importJob struct {
	*app
	db   database
	req  httpapi.ImportRequest
	file string
	json bool
}

// importFile imports the file, or the standard input.
func (i *importJob) importFile(cmd *cobra.Command) error {
	c, err := i.connect()
	if err != nil {
		return err
	}
	src, size := i.Stdin, int64(-1)
	if i.file != "-" {
		f, err := os.Open(i.file)
		if err != nil {
			return localFailure(err, "read %s", printable(i.file))
		}
		defer f.Close()
		info, err := f.Stat()
		if err == nil && info.IsDir() {
			return errs.E(errs.Invalid, "%s is a directory", printable(i.file))
		}
		if err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		src = f
	}
	in := bufio.NewReaderSize(src, sniffBytes)
	begin, err := in.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return localFailure(err, "read %s", printable(i.file))
	}
	if err := i.completeRequest(cmd, sniff(strings.TrimPrefix(i.file, "-"), begin)); err != nil {
		return err
	}
	if size >= 0 && i.req.Format == daemonapi.TransferSQLite && i.req.Coding == "" {
		return i.uploadDatabase(cmd.Context(), c)
	}
	return interruptible(cmd.Context(), func(ctx context.Context) error { return i.upload(ctx, c, in, size) })
}

// uploadDatabase sends a database file together with the committed pages of its
// write-ahead log.
func (i *importJob) uploadDatabase(ctx context.Context, c *httpapi.Client) error {
	f, err := sqlitefile.Open(i.file)
	if err != nil {
		return fileFailure(err, "read %s", printable(i.file))
	}
	defer f.Close()
	if n := f.LogPages(); n > 0 {
		name := printable(filepath.Base(i.file))
		_, err := fmt.Fprintf(i.Stderr, "The committed transactions in %s-wal are included: %s\n", name, countOf(int64(n), "page"))
		if err != nil {
			return localFailure(err, "write a message")
		}
	}
	return interruptible(ctx, func(ctx context.Context) error { return i.upload(ctx, c, f, f.Size()) })
}

// fileFailure is localFailure for errors that may have a message for users
// already.
func fileFailure(err error, what string, args ...any) error {
	if errs.CodeOf(err) == errs.Conflict || errs.CodeOf(err) == errs.Invalid {
		return err
	}
	return localFailure(err, what, args...)
}

// completeRequest sets format, compression and table from what the file seems to
// be, and prints what it assumed.
func (i *importJob) completeRequest(cmd *cobra.Command, g sniffed) error {
	i.req.Coding = g.coding
	name := printable(i.file)
	if i.file == "-" {
		name = "the input"
	}
	var said []string
	if i.req.Format == "" {
		if g.format == "" {
			return errs.E(errs.Invalid, "The format of %s is not recognized; name it with --format", name)
		}
		i.req.Format = g.format
		said = append(said, "format "+string(g.format)+", by "+g.source)
	}
	switch i.req.Format {
	case daemonapi.TransferSQLite, daemonapi.TransferSQL:
		if i.req.Table != "" {
			return usage(cmd, "%s has its own tables; leave out :%s", i.req.Format, i.req.Table)
		}
	default:
		if i.req.Table != "" {
			break
		}
		if i.file == "-" {
			return usage(cmd, "name the table: %s:TABLE", i.db)
		}
		i.req.Table, _, _ = strings.Cut(filepath.Base(i.file), ".")
		if i.req.Table == "" {
			return usage(cmd, "name the table: %s:TABLE", i.db)
		}
		said = append(said, "table "+printable(i.req.Table))
	}
	if i.req.PublicSharingLevel != "" && (i.req.Format != daemonapi.TransferSQLite || i.req.Mode != daemonapi.ImportCreate) {
		return usage(cmd, "--public_sharing_level is for new databases")
	}
	if i.req.Format == daemonapi.TransferSQLite && i.req.Mode == daemonapi.ImportCreate {
		if err := i.db.check(); err != nil {
			return err
		}
	}
	if len(said) > 0 {
		_, err := io.WriteString(i.Stderr, name+": "+strings.Join(said, "; ")+"\n")
		return localFailure(err, "write a message")
	}
	return nil
}

// upload sends the file and prints the result.
func (i *importJob) upload(ctx context.Context, c *httpapi.Client, in io.Reader, size int64) error {
	bar := i.progress(size)
	if bar != nil {
		in = io.TeeReader(in, bar)
	}
	i.req.Size, i.req.Body = size, &sourceReader{in, size}
	result, err := c.Import(ctx, i.db.entity, i.db.name, i.req)
	bar.finish(err == nil)
	if err != nil {
		return err
	}
	return i.printResult(result)
}

// sourceReader reads the file of an import. Its errors have messages for users.
type sourceReader struct {
	r    io.Reader
	left int64 // bytes that were announced and not yet read; below 0 for an unknown size
}

// Read implements io.Reader.
func (r *sourceReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	promised := r.left >= 0
	r.left -= int64(n)
	switch {
	case err == io.EOF && promised && r.left > 0:
		err = errs.E(errs.Conflict, "The file became shorter while it was read; nothing was imported")
	case err != nil && err != io.EOF:
		err = fileFailure(err, "read the file")
	}
	return n, err
}
