// Package errs is the one error vocabulary of ayb: a closed list of codes, an
// error that carries a code with a message for people, and an encoding that
// survives the bus, the daemon's socket and HTTP.
//
// A code is set where the fact is known. Callers add context with %w; nobody
// matches on text. The message of an *Error is written for the user of the
// API: it must never contain a path, a secret or somebody else's SQL. What is
// only for the operator goes into the cause, which is logged and never sent.
package errs

import (
	"errors"
	"fmt"
	"maps"
)

// Error is a failure with a code from the closed list in codes.go.
type Error struct {
	// Code says what kind of failure it is; it decides the HTTP status.
	Code Code
	// Message is one clear sentence for the user: what was wrong and, where
	// that helps, what to do about it.
	Message string
	// Attrs are further facts with names the HTTP contract fixes, such as
	// "id" and "record_type" of a NotFound. Nil when there are none.
	Attrs map[string]string
	// cause is for logs only.
	cause error
}

// E makes an error with a code and a message for the user.
func E(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error with a code and a user message around a cause that
// only the log may see.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// RecordNotFound says that no record of this type has this id.
// The names of the attributes are the HTTP contract's.
func RecordNotFound(recordType, id string) *Error {
	return E(NotFound, "No %s %s", recordType, id).With("id", id).With("record_type", recordType)
}

// With returns a copy of the error with one more attribute.
func (e *Error) With(key, value string) *Error {
	c := *e
	c.Attrs = maps.Clone(e.Attrs)
	if c.Attrs == nil {
		c.Attrs = map[string]string{}
	}
	c.Attrs[key] = value
	return &c
}

// Error is the text for logs: the message and the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf tells the code of the first *Error in the chain; Internal for an
// error that has none, and the empty code for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Is tells whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// Public gives what a stranger may be told of err: the first *Error of the
// chain, or a sentence without details for an error nobody gave a code.
func Public(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Message: "Something went wrong on our side; the operator can find the details in the server's log.", cause: err}
}
