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

const importHelp = `Bring a file into a database: all of it or nothing. - is the standard input. The
form of FILE is told by what it begins with, by its name or by its content, and
said; --format tells it better. FILE may be compressed with gzip or zstd.

A SQLite file becomes a new database of yours, or, with --replace, takes the place
of all that is in one. What is committed in a FILE-wal beside it is taken too; with
a FILE-journal of an unfinished transaction beside it, it is refused. A SQL script is run in a database. Everything else goes
into a table, which is named after FILE unless you name it. The types of a new
table's columns, and how CSV is to be read, are found by looking at the whole file;
what was assumed is said.

--dry-run shows columns, types, the first rows and what is wrong, and changes
nothing. A row that cannot be taken stops the import, so that nothing is imported,
or is left out and reported: --on-error skip. A dry run of an import that would be
stopped exits with 1.`

// importFlags are the options as they are typed.
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
		Short: "Bring a SQLite file, a table or a SQL script into a database",
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
		format:    enumFlag(cmd, "format", "form of FILE", []string{"guess", "sqlite", "sql", "csv", "tsv", "json", "ndjson"}),
		mode:      enumFlag(cmd, "mode", "what is done about what is there", []string{daemonapi.ImportCreate, daemonapi.ImportAppend, daemonapi.ImportReplace}),
		replace:   flags.Bool("replace", false, "the same as --mode replace"),
		add:       flags.Bool("append", false, "the same as --mode append"),
		onError:   enumFlag(cmd, "on_error", "what is done about a row that cannot be taken", []string{daemonapi.OnErrorStop, daemonapi.OnErrorSkip}),
		dryRun:    flags.Bool("dry_run", false, "show what would be done, and do nothing"),
		header:    enumFlag(cmd, "header", "whether the first line has names", []string{"guess", "yes", "no"}),
		delimiter: flags.String("delimiter", "", "`CHARACTER` between fields, such as ; or \\t"),
		quote:     flags.String("quote", "", "`CHARACTER` around fields, or none"),
		escape:    flags.String("escape", "", "`CHARACTER` before one that is part of a field, or none; \\ also makes \\n, \\t and \\N what they mean"),
		comment:   flags.String("comment", "", "`CHARACTER` that lines begin with which are left out"),
		skipLines: flags.Int64("skip_lines", 0, "`NUMBER` of lines before the header, or the first row"),
		trim:      flags.Bool("trim", false, "leave out blanks around fields"),
		types:     flags.String("types", "", "`COLUMN=TYPE,…` of a new table: INTEGER, REAL or TEXT"),
		encoding:  flags.String("encoding", "", "`ENCODING` of the text, such as utf-8, utf-16le, latin-1, windows-1251 or shift_jis"),
		nulls:     flags.StringArray("null", nil, "`TEXT` that stands for NULL; can be given several times"),
		public:    enumFlag(cmd, "public_sharing_level", "what everybody may do with a new database", []string{string(ayb.PublicNone), string(ayb.PublicFork), string(ayb.PublicReadOnly)}),
		json:      flags.Bool("json", false, "print the server's answer"),
	}
}

// request checks the options against one another.
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
		return r, usage(cmd, "--types is like id=INTEGER,price=REAL, or a JSON object of the same")
	}
	if r.SkipLines < 0 {
		return r, usage(cmd, "--skip-lines is a number of lines, 0 or more")
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

// importJob is an import that is made.
type importJob struct {
	*app
	db   database
	req  httpapi.ImportRequest
	file string
	json bool
}

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

// uploadDatabase sends a database file with what is committed in the log beside
// it.
func (i *importJob) uploadDatabase(ctx context.Context, c *httpapi.Client) error {
	f, err := sqlitefile.Open(i.file)
	if err != nil {
		return fileFailure(err, "read %s", printable(i.file))
	}
	defer f.Close()
	if n := f.LogPages(); n > 0 {
		name := printable(filepath.Base(i.file))
		_, err := fmt.Fprintf(i.Stderr, "%s-wal lies beside it, and what is committed there is taken too: %s\n", name, countOf(int64(n), "page"))
		if err != nil {
			return localFailure(err, "write a message")
		}
	}
	return interruptible(ctx, func(ctx context.Context) error { return i.upload(ctx, c, f, f.Size()) })
}

// fileFailure is localFailure for errors that may be sentences already.
func fileFailure(err error, what string, args ...any) error {
	if errs.CodeOf(err) == errs.Conflict || errs.CodeOf(err) == errs.Invalid {
		return err
	}
	return localFailure(err, what, args...)
}

// completeRequest completes the request by what the file seems to be, and says so.
func (i *importJob) completeRequest(cmd *cobra.Command, g sniffed) error {
	i.req.Coding = g.coding
	name := printable(i.file)
	if i.file == "-" {
		name = "The input"
	}
	var said []string
	if i.req.Format == "" {
		if g.format == "" {
			return errs.E(errs.Invalid, "%s could be anything; tell with --format what it is", name)
		}
		i.req.Format = g.format
		said = append(said, "is taken as "+string(g.format)+", by "+g.source)
	}
	switch i.req.Format {
	case daemonapi.TransferSQLite, daemonapi.TransferSQL:
		if i.req.Table != "" {
			return usage(cmd, "%s brings its own tables; leave out :%s", i.req.Format, i.req.Table)
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
		said = append(said, "goes into the table "+printable(i.req.Table))
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
		_, err := io.WriteString(i.Stderr, name+" "+strings.Join(said, ", and ")+"\n")
		return localFailure(err, "write a message")
	}
	return nil
}

// upload sends the file and tells what has become of it.
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

// sourceReader is a source whose errors are sentences.
type sourceReader struct {
	r    io.Reader
	left int64 // bytes that have been promised; below 0 when that is not known
}

// Read implements io.Reader.
func (r *sourceReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	promised := r.left >= 0
	r.left -= int64(n)
	switch {
	case err == io.EOF && promised && r.left > 0:
		err = errs.E(errs.Conflict, "The file has become shorter while it was read; nothing was imported")
	case err != nil && err != io.EOF:
		err = fileFailure(err, "read the file")
	}
	return n, err
}
