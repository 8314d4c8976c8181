package client

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/reeflective/readline"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// completionTimeout bounds the look-up of names for completion.
const completionTimeout = 30 * time.Second

// terminal is the input of a session a person types into. One text is one or
// more complete statements, edited as a whole; its further lines are aligned
// below the first.
type terminal struct {
	shell *readline.Shell
	keys  *keys
}

func newTerminal(ctx context.Context, s *session) *terminal {
	shell := readline.NewShell()
	k := newKeys(shell)
	name := printable(s.db.String())
	shell.Prompt.Primary(func() string { return name + "> " })
	shell.AcceptMultiline = func(line []rune) bool { return isComplete(string(line)) }
	shell.History.Delete()
	shell.History.Add("statements", openHistory(historyPath(runtime.GOOS, s.app.Getenv)))
	s.names = newCompletions(ctx, func() (daemonapi.Schema, error) {
		ctx, cancel := context.WithTimeout(ctx, completionTimeout)
		defer cancel()
		return s.client.Schema(ctx, s.db.entity, s.db.name)
	})
	shell.Completer = func(line []rune, cursor int) readline.Completions {
		return readline.CompleteValues(s.names.candidates(string(line[:min(cursor, len(line))]))...)
	}
	return &terminal{shell: shell, keys: k}
}

// isComplete reports whether Enter sends the text rather than begin a new line.
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

// next reads one text. Ctrl-C clears it, and ends the session when there is
// nothing to clear; Ctrl-D on an empty line ends it as well.
func (t *terminal) next() (string, error) {
	text, err := t.shell.Readline()
	if cut := t.keys.takeLost(); cut && err == nil {
		return "", errLostCharacter
	}
	if errors.Is(err, readline.ErrInterrupt) {
		if strings.TrimSpace(text) == "" {
			return "", io.EOF
		}
		return "", errInterrupted
	}
	return text, err
}

// matching returns the words with this beginning, whatever its case; keywords
// follow the case the person types.
func matching(word string, words []string) []string {
	var out []string
	for _, w := range words {
		if len(w) >= len(word) && strings.EqualFold(w[:len(word)], word) {
			if w == strings.ToUpper(w) && word == strings.ToLower(word) && word != "" {
				w = strings.ToLower(w)
			}
			out = append(out, w)
		}
	}
	return out
}

// keywords are those that begin a statement or a clause.
func keywords() []string {
	return strings.Fields(`ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CASE COMMIT CREATE DEFAULT DELETE DESC DISTINCT
		DROP ELSE END EXISTS EXPLAIN FROM GROUP HAVING IN INDEX INSERT INTO IS JOIN KEY LEFT LIKE LIMIT NOT NULL
		OFFSET ON OR ORDER PRAGMA PRIMARY REFERENCES RETURNING ROLLBACK SELECT SET TABLE TEXT THEN TRIGGER UNION
		UNIQUE UPDATE VACUUM VALUES VIEW WHEN WHERE WITH`)
}
