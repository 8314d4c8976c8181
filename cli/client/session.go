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
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/sqlsplit"
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
	split  sqlsplit.Splitter
	person bool // a person sits at a terminal
	typed  bool // what is entered at once is a request
	failed bool // a statement has failed since the last command
	ended  bool // by a failure
	bail   bool // the first failure ends the session
	timer  bool // each answer is followed by its time
	names  *names
	params map[string]json.RawMessage // by name, without its prefix
	screen io.Writer                  // where answers go without file
	file   *os.File                   // where answers go
	once   bool                       // the next statement is the last for file
	reads  int                        // files that are being read
}

// session reads statements and answers them until the input ends. It succeeds
// however the statements fared, unless a failure was to end it.
func (a *app) session(ctx context.Context, q *querier) error {
	own := *a
	s := &session{querier: q, app: &own, screen: a.Stdout}
	defer func() { s.report(s.closeOutput()) }()
	s.split.Script = true
	s.typed = isTerminal(a.Stdin) // else nobody would see a refusal before the next statement
	if isTerminal(a.Stdin) && isTerminal(a.Stdout) {
		if !q.quiet {
			if err := a.say("Launching an interactive session for %s", printable(q.db.String())); err != nil {
				return err
			}
		}
		s.person = true
		if term := a.Getenv("TERM"); term == "dumb" || term == "" && runtime.GOOS != "windows" {
			return s.loop(ctx, newPipe(a.Stdin, s.prompt)) // it cannot draw a line anew
		}
		return s.loop(ctx, newTerminal(ctx, s))
	}
	err := s.loop(ctx, newPipe(a.Stdin, func() {}))
	if err == nil && s.ended {
		return errReported
	}
	return err
}

// prompt asks for a line, in a way any terminal can print.
func (s *session) prompt() {
	text := printable(s.db.String())
	if s.split.Pending() {
		text = strings.Repeat(" ", max(0, len(text)-3)) + "..."
	}
	fmt.Fprint(s.screen, text+"> ")
}

// loop is the session. Its error is a failure to read, or nil.
func (s *session) loop(ctx context.Context, in input) error {
	if err := s.lines(ctx, in); !errors.Is(err, errQuit) {
		return err
	}
	return nil
}

// lines runs what an input has. Its error is errQuit when the session is to
// end.
func (s *session) lines(ctx context.Context, in input) error {
	for ctx.Err() == nil {
		text, err := in.next()
		switch {
		case errors.Is(err, errInterrupted):
			s.split.Rest()
			continue
		case errors.Is(err, errCut):
			s.report(err)
			continue
		case errors.Is(err, io.EOF):
			if rest := s.split.Rest(); rest != "" { // the last semicolon may be left out
				s.execute(ctx, rest)
				return s.bailed()
			}
			return nil
		case err != nil:
			return localFailure(err, "read the input")
		}
		if err := s.feed(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// feed takes lines and runs what they complete.
func (s *session) feed(ctx context.Context, text string) error {
	if dot := strings.TrimSpace(text); strings.HasPrefix(dot, ".") && (!s.split.Pending() || s.held()) {
		return s.command(ctx, dot)
	}
	for line := range strings.SplitSeq(text, "\n") {
		for _, sql := range s.split.Feed(line) {
			s.execute(ctx, sql)
			if err := s.bailed(); err != nil {
				return err
			}
		}
	}
	if held, begun := s.split.Held(); s.typed && s.reads == 0 && held && !begun {
		s.execute(ctx, s.split.Rest())
		return s.bailed()
	}
	return nil
}

// held reports whether complete statements wait to be sent.
func (s *session) held() bool {
	held, _ := s.split.Held()
	return held
}

// bailed is errQuit after a failure that ends the session.
func (s *session) bailed() error {
	failed := s.failed
	s.failed = false
	if failed && s.bail {
		s.ended = true
		return errQuit
	}
	return nil
}

// execute runs SQL and prints what comes of it.
func (s *session) execute(ctx context.Context, sql string) {
	began := time.Now()
	s.stoppable(ctx, func(ctx context.Context) error {
		values, err := s.bound(sql)
		switch {
		case err != nil:
			return err
		case values != nil && (s.as == format.CSV || s.as == format.List):
			return s.records(ctx, httpapi.QueryRequest{SQL: sql, Params: values})
		case values != nil:
			s.results = 0
			return s.whole(ctx, httpapi.QueryRequest{SQL: sql, Params: values})
		}
		return s.run(ctx, sql)
	})
	if s.once {
		s.report(s.closeOutput())
	}
	if s.timer {
		s.remark("Time: %s", precise(time.Since(began)))
	}
	if s.names != nil && changesSchema(sql) {
		s.names.refresh()
	}
}

// stoppable does something and reports its failure. On a terminal Ctrl-C
// stops it and not the session.
func (s *session) stoppable(ctx context.Context, do func(context.Context) error) {
	if s.person {
		running, stop := signal.NotifyContext(ctx, os.Interrupt)
		defer stop()
		ctx = running
	}
	s.report(do(ctx))
}

// remark tells a person something that is no data: it does not go where a
// program reads the answers.
func (s *session) remark(line string, args ...any) {
	w := s.app.Stderr
	if s.person {
		w = s.screen
	}
	_, err := fmt.Fprintf(w, line+"\n", args...)
	s.report(localFailure(err, "write a message"))
}

// precise gives a time that is worth comparing.
func precise(d time.Duration) string {
	return fmt.Sprintf("%.3f s", d.Seconds())
}

func (s *session) report(err error) {
	if err != nil {
		s.failed = true
		Report(s.app.Stderr, err)
	}
}
