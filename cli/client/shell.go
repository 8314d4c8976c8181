package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/cli/client/lineedit"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// input is where a session reads its text.
type input interface {
	// Next returns one or more complete lines without the last line break;
	// io.EOF at the end, lineedit.ErrInterrupted when the user gave up on a line.
	Next() (string, error)
}

var errQuit = errors.New("quit")

// completionTimeout limits the request for the names that completion offers.
const completionTimeout = 30 * time.Second

// session is one interactive session.
type session struct {
	*querier
	app            *app
	split          sqlsplit.Splitter
	interactive    bool // a user sits at a terminal
	sendEachInput  bool // each complete input is a request, also within a setting
	failed         bool // the current input has failed
	endedByFailure bool
	bail           bool // the first failure ends the session
	timer          bool // the time is printed after each answer
	names          *completions
	params         map[string]json.RawMessage // by name, without its prefix
	screen         io.Writer                  // for answers, if file is nil
	file           *os.File                   // for answers
	once           bool                       // file is only for the next statement
	readDepth      int                        // files that are read now
}

// runShell runs a session until its input ends. Failures of statements are
// printed; only with .bail they are failures of the session.
func (a *app) runShell(ctx context.Context, q *querier) error {
	own := *a
	s := &session{querier: q, app: &own, screen: a.Stdout}
	defer func() { s.reportError(s.closeOutput()) }()
	s.split.Script = true
	s.sendEachInput = lineedit.IsTerminal(a.Stdin) // so that the user sees an error before typing the next statement
	if lineedit.IsTerminal(a.Stdin) && lineedit.IsTerminal(a.Stdout) {
		if !q.quiet {
			if err := a.printLine("Launching an interactive session for %s", printable(q.db.String())); err != nil {
				return err
			}
		}
		s.interactive = true
		if term := a.Getenv("TERM"); term == "dumb" || term == "" && runtime.GOOS != "windows" {
			return s.runSession(ctx, lineedit.NewReader(a.Stdin, s.printPrompt)) // such a terminal cannot redraw a line
		}
		return s.runSession(ctx, s.newEditor(ctx))
	}
	err := s.runSession(ctx, lineedit.NewReader(a.Stdin, func() {}))
	if err == nil && s.endedByFailure {
		return errReported
	}
	return err
}

// newEditor returns the line editor for a user at a terminal.
func (s *session) newEditor(ctx context.Context) *lineedit.Editor {
	s.names = newCompletions(ctx, func() (daemonapi.Schema, error) {
		ctx, cancel := context.WithTimeout(ctx, completionTimeout)
		defer cancel()
		return s.client.Schema(ctx, s.db.entity, s.db.name)
	})
	return lineedit.New(lineedit.Config{
		Prompt:      printable(s.db.String()),
		HistoryFile: historyPath(runtime.GOOS, s.app.Getenv),
		IsComplete:  isComplete,
		Complete:    s.names.candidates,
	})
}

// isComplete reports whether Enter ends a text, instead of beginning a new line.
func isComplete(text string) bool {
	if strings.HasPrefix(strings.TrimSpace(text), ".") {
		return true
	}
	var split sqlsplit.Splitter
	for line := range strings.SplitSeq(text, "\n") {
		split.Feed(line)
	}
	return !split.Pending()
}

// printPrompt prints a prompt without control characters.
func (s *session) printPrompt() {
	text := printable(s.db.String())
	if s.split.Pending() {
		text = strings.Repeat(" ", max(0, len(text)-3)) + "..."
	}
	fmt.Fprint(s.screen, text+"> ")
}

// runSession runs the input. The error is a failure to read.
func (s *session) runSession(ctx context.Context, in input) error {
	if err := s.runInput(ctx, in); !errors.Is(err, errQuit) {
		return err
	}
	return nil
}

// runInput runs all lines of an input. The error is errQuit when the session is
// to end.
func (s *session) runInput(ctx context.Context, in input) error {
	for ctx.Err() == nil {
		text, err := in.Next()
		switch {
		case errors.Is(err, lineedit.ErrInterrupted):
			s.split.Rest()
			continue
		case errors.Is(err, lineedit.ErrLostCharacter):
			s.reportError(err)
			continue
		case errors.Is(err, io.EOF):
			if rest := s.split.Rest(); rest != "" { // the last statement needs no semicolon
				s.execute(ctx, rest)
				return s.checkBail()
			}
			return nil
		case err != nil:
			return localFailure(err, "read the input")
		}
		if err := s.runLines(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// runLines reads lines, and runs the statements that are complete.
func (s *session) runLines(ctx context.Context, text string) error {
	if dot := strings.TrimSpace(text); strings.HasPrefix(dot, ".") && (!s.split.Pending() || s.waiting()) {
		return s.runDotCommand(ctx, dot)
	}
	for line := range strings.SplitSeq(text, "\n") {
		for _, sql := range s.split.Feed(line) {
			s.execute(ctx, sql)
			if err := s.checkBail(); err != nil {
				return err
			}
		}
	}
	if waiting, transaction := s.split.Waiting(); s.sendEachInput && s.readDepth == 0 && waiting && !transaction {
		s.execute(ctx, s.split.Rest())
		return s.checkBail()
	}
	return nil
}

// waiting reports whether complete statements wait for others of the same
// request.
func (s *session) waiting() bool {
	held, _ := s.split.Waiting()
	return held
}

// checkBail returns errQuit after a failure that ends the session.
func (s *session) checkBail() error {
	failed := s.failed
	s.failed = false
	if failed && s.bail {
		s.endedByFailure = true
		return errQuit
	}
	return nil
}

// execute runs SQL and prints the answer.
func (s *session) execute(ctx context.Context, sql string) {
	began := time.Now()
	s.runInterruptible(ctx, func(ctx context.Context) error {
		values, err := s.boundParams(sql)
		switch {
		case err != nil:
			return err
		case values != nil && (s.as == format.CSV || s.as == format.List):
			return s.runRecords(ctx, httpapi.QueryRequest{SQL: sql, Params: values})
		case values != nil:
			s.results = 0
			return s.runTyped(ctx, httpapi.QueryRequest{SQL: sql, Params: values})
		}
		return s.runSQL(ctx, sql)
	})
	if s.once {
		s.reportError(s.closeOutput())
	}
	if s.timer {
		s.printRemark("Time: %s", preciseDuration(time.Since(began)))
	}
	if s.names != nil && changesSchema(sql) {
		s.names.refresh()
	}
}

// runInterruptible calls do and prints its error. At a terminal Ctrl-C cancels
// it, and the session goes on.
func (s *session) runInterruptible(ctx context.Context, do func(context.Context) error) {
	if s.interactive {
		running, stop := signal.NotifyContext(ctx, os.Interrupt)
		defer stop()
		ctx = running
	}
	s.reportError(do(ctx))
}

// printRemark prints a message that is not part of an answer. If the session is
// not interactive it goes to stderr.
func (s *session) printRemark(line string, args ...any) {
	w := s.app.Stderr
	if s.interactive {
		w = s.screen
	}
	_, err := fmt.Fprintf(w, line+"\n", args...)
	s.reportError(localFailure(err, "write a message"))
}

// preciseDuration formats a duration to the millisecond.
func preciseDuration(d time.Duration) string {
	return fmt.Sprintf("%.3f s", d.Seconds())
}

func (s *session) reportError(err error) {
	if err != nil {
		s.failed = true
		Report(s.app.Stderr, err)
	}
}
