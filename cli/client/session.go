package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/cli/client/statement"
	"github.com/ayb-go/ayb/shared/errs"
)

// input gives a session its text.
type input interface {
	// next gives one or more whole lines without the last line break;
	// io.EOF at the end, errInterrupted when the person gave up on a line.
	next() (string, error)
}

var (
	errInterrupted = errors.New("interrupted")
	errQuit        = errors.New("quit")
)

// session is one interactive session.
type session struct {
	*querier
	app    *app
	split  statement.Splitter
	person bool // a person sits at a terminal
	failed bool // a statement has failed
}

// session reads statements and answers them until the input ends. On a
// terminal it succeeds however the statements fared.
func (a *app) session(ctx context.Context, q *querier) error {
	if !q.quiet {
		if err := a.say("Launching an interactive session for %s", printable(q.db.String())); err != nil {
			return err
		}
	}
	s := &session{querier: q, app: a}
	if isTerminal(a.Stdin) && isTerminal(a.Stdout) {
		s.person = true
		if term := a.Getenv("TERM"); term == "dumb" || term == "" && runtime.GOOS != "windows" {
			return s.loop(ctx, newPipe(a.Stdin, s.prompt)) // it cannot draw a line anew
		}
		return s.loop(ctx, newTerminal(ctx, s))
	}
	if err := s.loop(ctx, newPipe(a.Stdin, func() {})); err != nil {
		return err
	}
	if s.failed {
		return errReported
	}
	return nil
}

// prompt asks for a line, in a way any terminal can print.
func (s *session) prompt() {
	text := printable(s.db.String())
	if s.split.Pending() {
		text = strings.Repeat(" ", max(0, len(text)-3)) + "..."
	}
	fmt.Fprint(s.out, text+"> ")
}

// loop is the session. Its error is a failure to read, or nil.
func (s *session) loop(ctx context.Context, in input) error {
	for ctx.Err() == nil {
		text, err := in.next()
		switch {
		case errors.Is(err, errInterrupted):
			s.split.Rest()
			continue
		case errors.Is(err, io.EOF):
			if rest := s.split.Rest(); rest != "" { // the last semicolon may be left out
				s.execute(ctx, rest)
			}
			return nil
		case err != nil:
			return localFailure(err, "read the input")
		}
		if errors.Is(s.feed(ctx, text), errQuit) {
			return nil
		}
	}
	return nil
}

// feed takes lines and runs what they complete.
func (s *session) feed(ctx context.Context, text string) error {
	if dot := strings.TrimSpace(text); !s.split.Pending() && strings.HasPrefix(dot, ".") {
		return s.command(ctx, dot)
	}
	for line := range strings.SplitSeq(text, "\n") {
		for _, sql := range s.split.Feed(line) {
			s.execute(ctx, sql)
		}
	}
	return nil
}

// execute runs SQL and prints what comes of it. On a terminal Ctrl-C stops
// the SQL and not the session.
func (s *session) execute(ctx context.Context, sql string) {
	if s.person {
		running, stop := signal.NotifyContext(ctx, os.Interrupt)
		defer stop()
		ctx = running
	}
	s.report(s.run(ctx, sql))
}

func (s *session) report(err error) {
	if err != nil {
		s.failed = true
		Report(s.app.Stderr, err)
	}
}

const sessionHelp = `Enter SQL; it may span lines and ends with a semicolon.
.tables          list the tables and views
.schema [TABLE]  show the statements that made them
.format FORMAT   print results as table, csv or json
.help            show this
.quit            end the session`

// command obeys a line that begins with a dot.
func (s *session) command(ctx context.Context, line string) error {
	words := strings.Fields(strings.TrimSuffix(line, ";"))
	if len(words) == 0 {
		words = []string{"."}
	}
	arg := ""
	if len(words) > 1 {
		arg = strings.Join(words[1:], " ")
	}
	switch words[0] {
	case ".quit", ".exit":
		return errQuit
	case ".help":
		s.report(s.app.say("%s", sessionHelp))
	case ".tables":
		s.execute(ctx, tablesSQL)
	case ".schema":
		s.execute(ctx, schemaSQL(arg))
	case ".format":
		as, err := format.Parse(arg)
		if err == nil {
			s.as = as
		}
		s.report(err)
	default:
		s.report(errs.E(errs.Invalid, "There is no command %s; enter .help for those there are", words[0]))
	}
	return nil
}

const tablesSQL = `SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name;`

func schemaSQL(table string) string {
	of := ""
	if table != "" {
		of = fmt.Sprintf(" AND tbl_name = '%s'", strings.ReplaceAll(table, "'", "''"))
	}
	return "SELECT sql || ';' AS sql FROM sqlite_schema WHERE sql IS NOT NULL" + of + " ORDER BY tbl_name, rowid;"
}
