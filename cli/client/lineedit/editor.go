// Package lineedit reads the input of an interactive session: with editing,
// history and completion at a terminal (Editor), and line by line elsewhere
// (Reader). It knows nothing of SQL or of the session's commands; the session
// says when a text is complete and what completes a word.
package lineedit

import (
	"errors"
	"io"
	"strings"

	"github.com/reeflective/readline"

	"github.com/ayb-go/ayb/shared/errs"
)

// ErrInterrupted is the error of Editor.Next after Ctrl-C on a text.
var ErrInterrupted = errors.New("interrupted")

// ErrLostCharacter refuses a text because the terminal delivered one of its
// characters in parts, so that the editor lost it.
var ErrLostCharacter = errs.E(errs.Invalid, "A character of this text arrived in parts and was lost, so nothing was sent; paste it again, or run it with --file")

// Config says how to edit.
type Config struct {
	// Prompt stands before each text, without the "> ".
	Prompt string
	// HistoryFile keeps the texts between sessions; empty for no file.
	HistoryFile string
	// IsComplete reports whether Enter ends a text instead of beginning a new
	// line of it.
	IsComplete func(text string) bool
	// Complete returns the completions of the last word of a text.
	Complete func(text string) []string
}

// Editor reads texts from a terminal. A text is one or more complete
// statements, edited together; its further lines are aligned below the first.
// It is for one goroutine.
type Editor struct {
	shell *readline.Shell
	keys  *keys
}

// New returns an editor on the standard input and output, which must be
// terminals.
func New(cfg Config) *Editor {
	shell := readline.NewShell()
	k := newKeys(shell, cfg.IsComplete)
	shell.Prompt.Primary(func() string { return cfg.Prompt + "> " })
	shell.AcceptMultiline = func(line []rune) bool { return cfg.IsComplete(string(line)) }
	shell.History.Delete()
	shell.History.Add("statements", openHistory(cfg.HistoryFile))
	shell.Completer = func(line []rune, cursor int) readline.Completions {
		return readline.CompleteValues(cfg.Complete(string(line[:min(cursor, len(line))]))...)
	}
	return &Editor{shell: shell, keys: k}
}

// Next reads one text. Ctrl-C discards it with ErrInterrupted, or ends the
// input with io.EOF if it is empty, as Ctrl-D does. The error can also be
// ErrLostCharacter, after which reading goes on.
func (e *Editor) Next() (string, error) {
	text, err := e.shell.Readline()
	if lost := e.keys.takeLost(); lost && err == nil {
		return "", ErrLostCharacter
	}
	if errors.Is(err, readline.ErrInterrupt) {
		if strings.TrimSpace(text) == "" {
			return "", io.EOF
		}
		return "", ErrInterrupted
	}
	return text, err
}
