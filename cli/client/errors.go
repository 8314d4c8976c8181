package client

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Exit codes.
const (
	ExitOK      = 0
	ExitFailure = 1 // a request or something local failed
	ExitUsage   = 2 // the command line has a mistake

	ExitInterrupted = 130 // Ctrl-C, as a shell counts it
)

// UsageError is a mistake in the command line.
type UsageError struct {
	// Command is the path of the command, such as "ayb client query". It is
	// empty if its help does not explain the mistake.
	Command string
	// Message says what is wrong.
	Message string
}

// Error returns the message.
func (e *UsageError) Error() string { return e.Message }

func usage(cmd *cobra.Command, message string, args ...any) error {
	return &UsageError{Command: cmd.CommandPath(), Message: fmt.Sprintf(message, args...)}
}

// errReported ends a command that has printed its failures already.
var errReported = errors.New("failures have been reported")

// ExitCode returns the exit status of the program for the error of a command.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if _, ok := errors.AsType[*UsageError](err); ok {
		return ExitUsage
	}
	if errs.Is(err, errs.Canceled) { // only Ctrl-C here; a server that stops a request answers with a status of Timeout
		return ExitInterrupted
	}
	return ExitFailure
}

// Report prints the error of a command. nil prints nothing.
func Report(w io.Writer, err error) {
	if err == nil || errors.Is(err, errReported) {
		return
	}
	fmt.Fprintf(w, "Error: %s\n", messageOf(err))
	if u, ok := errors.AsType[*UsageError](err); ok && u.Command != "" {
		fmt.Fprintf(w, "\nFor more information, try '%s --help'.\n", u.Command)
	}
}

// messageOf returns the text of an error for a user.
func messageOf(err error) string {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return printable(err.Error())
	}
	message := e.Message
	switch typ := httpapi.WireType(e); {
	case typ == httpapi.TypeRecordNotFound:
		message = missingRecord(e.Attrs["record_type"], e.Attrs["id"])
	case typ == httpapi.TypeNoSnapshot:
		message = "There is no snapshot with this id"
	case strings.TrimSpace(message) == "":
		message = "The server failed and did not say why (" + typ + ")"
	}
	return printable(message)
}

// missingRecord says in plain words which record does not exist.
func missingRecord(kind, id string) string {
	noun := map[string]string{
		"entity": "account", "api_token": "API token", "query": "running query", "oauth_authorization_request": "authorization code",
	}[kind]
	if noun == "" {
		noun = strings.ReplaceAll(kind, "_", " ")
	}
	return strings.TrimSpace(strings.TrimSpace("There is no "+noun) + " " + id)
}

// printable makes text from elsewhere safe for a terminal, line by line.
func printable(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = format.Printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// localFailure returns an error that says what this machine could not do. nil
// stays nil.
func localFailure(err error, what string, args ...any) error {
	if err == nil {
		return nil
	}
	reason := "the system refused"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		reason = "no such file or directory"
	case errors.Is(err, fs.ErrPermission):
		reason = "permission denied"
	case errors.Is(err, syscall.ENOSPC):
		reason = "the disk is full"
	default:
		if no, ok := errors.AsType[syscall.Errno](err); ok {
			reason = no.Error()
		} else if errors.Is(err, os.ErrClosed) {
			reason = "it is closed"
		}
	}
	return errs.Wrap(errs.Internal, err, "Could not %s: %s", fmt.Sprintf(what, args...), reason)
}
