// Package errs is the one error vocabulary of ayb: a closed list of codes, an
// error that carries a code with a message for people, and an encoding that
// survives the bus, the daemon's socket and HTTP.
//
// A code is set where the failure is detected. Callers add context with %w, and
// compare codes, never texts. The message of an *Error is for the user of the
// API: it must not contain a path, a secret or the SQL of another user. Details
// for the operator go into the cause, which is logged and never sent.
package errs

import (
	"errors"
	"fmt"
	"maps"
)

// AttrRetryAfter is the attribute of a RateLimited error with the time until the
// next request is accepted, in seconds.
const AttrRetryAfter = "retry_after"

// Error is a failure with a code from the closed list in codes.go.
type Error struct {
	// Code is the kind of failure. It decides the HTTP status.
	Code Code
	// Message is one sentence for the user: the fact and, where it helps, what
	// to do.
	Message string
	// Attrs are further facts. Their names are part of the HTTP API, such as
	// "id" and "record_type" of a NotFound. May be nil.
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

// RecordNotFound makes a NotFound for a record of a type with an id. The names of
// its attributes are part of the HTTP API.
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

// Error returns the text for logs: the message and the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf returns the code of the first *Error in the chain. It returns Internal
// for an error without a code, and the empty code for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Is reports whether err has the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// Public returns the part of err that a client may see: the first *Error of the
// chain, or a sentence without details for an error without a code.
func Public(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Message: "Something went wrong on our side; the operator can find the details in the server's log.", cause: err}
}
