package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const sessionHelp = `Enter SQL; it may span lines and ends with a semicolon.
.tables [PATTERN]  list the tables and views; % and * stand for any text
.schema [TABLE]    show the CREATE statements of all tables, or of one
.mode MODE         print results as table, csv, json, ndjson, markdown or list
.headers on|off    print the names of columns in csv and list
.nullvalue TEXT    print TEXT for NULL
.width N ...       set the widths of the columns of tables; 0 for any width
.indexes [TABLE]   list the indexes
.dump [TABLE]      print the database, or a table, as a SQL script
.import FILE TABLE load a file into a table; a missing table is created
.read FILE         run the statements and commands of a file
.output [FILE]     send the following answers to a file, or back here
.once FILE         send the answer of the next statement to a file
.param set :N VAL  set a value for :N in statements; also unset, list, clear
.bail on|off       end at the first failure
.timer on|off      print the time that each statement takes
.help              show this
.quit              end the session`

// dotCommands returns the commands that completion offers.
func dotCommands() []string {
	return []string{".tables", ".schema", ".mode", ".headers", ".nullvalue", ".width", ".indexes", ".dump", ".import",
		".read", ".output", ".once", ".param", ".bail", ".timer", ".help", ".quit"}
}

// runDotCommand runs a command that begins with a dot. The error is errQuit when
// the session is to end.
func (s *session) runDotCommand(ctx context.Context, line string) error {
	words := splitWords(strings.TrimSuffix(line, ";"))
	if len(words) == 0 {
		words = []string{"."}
	}
	arg := strings.Join(words[1:], " ")
	if s.once && words[0] != ".once" { // the file of .once is for the output of this command
		defer func() { s.reportError(s.closeOutput()) }()
	}
	if s.waiting() && !allowedInTransaction(words[0]) {
		s.reportError(errs.E(errs.Invalid, "%s cannot run here, because the statements before it are sent in one request with those after it; first end the transaction, or set the PRAGMA back", words[0]))
		return s.checkBail()
	}
	switch words[0] {
	case ".quit", ".exit":
		if waiting, transaction := s.split.Waiting(); waiting && !transaction { // an open transaction is discarded
			s.execute(ctx, s.split.Rest())
		}
		return errQuit
	case ".help":
		s.reportError(s.app.printLine("%s", sessionHelp))
	case ".tables":
		s.runInterruptible(ctx, func(ctx context.Context) error { return s.printTables(ctx, arg) })
	case ".schema":
		s.runInterruptible(ctx, func(ctx context.Context) error { return s.printSchema(ctx, arg) })
	case ".mode", ".format":
		as, err := format.Parse(arg)
		if err == nil {
			s.as = as
		}
		s.reportError(err)
	case ".timer":
		s.setSwitch(&s.timer, words)
	case ".bail":
		s.setSwitch(&s.bail, words)
	case ".headers", ".header":
		on := false
		if s.setSwitch(&on, words) {
			s.headers = &on
		}
	case ".nullvalue":
		s.null = &arg
	case ".width":
		s.reportError(s.setWidths(words[1:]))
	case ".indexes", ".indices":
		s.runInterruptible(ctx, func(ctx context.Context) error { return s.printIndexes(ctx, arg) })
	case ".dump":
		s.runInterruptible(ctx, func(ctx context.Context) error { return s.printDump(ctx, words[1:]) })
	case ".import":
		s.runInterruptible(ctx, func(ctx context.Context) error { return s.importFile(ctx, words[1:]) })
	case ".read":
		err := s.readFile(ctx, words[1:])
		if errors.Is(err, errQuit) {
			return err
		}
		s.reportError(err)
	case ".output", ".once":
		s.reportError(s.redirect(words[0] == ".once", words[1:]))
	case ".param", ".parameter":
		s.reportError(s.changeParams(words[1:]))
	default:
		s.reportError(errs.E(errs.Invalid, "There is no command %s; .help lists the commands", words[0]))
	}
	return s.checkBail()
}

// allowedInTransaction reports whether a command can run between statements that
// are sent together: it only sets how answers look, or ends the session.
func allowedInTransaction(command string) bool {
	return slices.Contains([]string{".mode", ".format", ".headers", ".header", ".nullvalue", ".width", ".timer", ".bail", ".help", ".quit", ".exit"}, command)
}

// setSwitch sets a switch to on or off, and reports whether the argument was
// valid.
func (s *session) setSwitch(to *bool, words []string) bool {
	on, err := onOff(words[0], words[1:])
	s.reportError(err)
	if err == nil {
		*to = on
	}
	return err == nil
}

// printTables lists the tables and views with matching names.
func (s *session) printTables(ctx context.Context, pattern string) error {
	schema, err := s.client.Schema(ctx, s.db.entity, s.db.name)
	if err != nil {
		return err
	}
	as := s.as
	if as != format.CSV && as != format.JSON {
		as = format.Table
	}
	var rows [][]string
	list := []daemonapi.Table{}
	match := likePattern(pattern)
	for _, t := range append(schema.Tables, schema.Views...) {
		if match.MatchString(t.Name) {
			list = append(list, t)
			rows = append(rows, tableRow(t))
		}
	}
	return s.app.printListing(as, list, rows, tableHeader(), "No tables")
}

// likePattern compiles a pattern in which % and * stand for any text. An empty
// pattern matches all names.
func likePattern(pattern string) *regexp.Regexp {
	text := "(?is)^" + strings.NewReplacer("%", ".*", `\*`, ".*").Replace(regexp.QuoteMeta(pattern)) + "$"
	if pattern == "" {
		text = ""
	}
	return regexp.MustCompile(text) // everything but the stars is quoted
}

// printSchema prints the CREATE statements of a table and of its indexes and
// triggers. Without a table it prints all of the database.
func (s *session) printSchema(ctx context.Context, table string) error {
	of := ""
	if table != "" {
		of = fmt.Sprintf(" AND lower(tbl_name) = lower('%s')", strings.ReplaceAll(table, "'", "''"))
	}
	rows, err := s.client.QueryRows(ctx, s.db.entity, s.db.name,
		"SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"+of+" ORDER BY tbl_name, type <> 'table', rowid;")
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		if _, err := io.WriteString(&localWriter{w: s.out}, printable(orDefault(rows.Row()[0], ""))+";\n"); err != nil {
			return err
		}
	}
	if n == 0 && rows.Err() == nil && table != "" {
		return noSuchTable(table, s.db)
	}
	return rows.Err()
}

func noSuchTable(table string, db database) error {
	return errs.E(errs.NotFound, "There is no table or view %s in %s", table, db)
}
