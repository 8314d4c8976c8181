package client

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// withPosition adds to an error the line and column of the statement in the
// script, if the server sent them. text is what was sent; it begins in the given
// line of the script.
func withPosition(err error, text string, line int) error {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return err
	}
	if at, ok := intAttr(e, httpapi.AttrOffset); ok && at <= len(text) {
		before := text[:at]
		begin := strings.LastIndexByte(before, '\n') + 1
		return withPrefix(err, "line %d, column %d: ", line+strings.Count(before, "\n"), utf8.RuneCountInString(before[begin:])+1)
	}
	if i, ok := intAttr(e, httpapi.AttrStatement); ok {
		if at := sqlsplit.Offset(text, i); at >= 0 {
			return withPrefix(err, "line %d: ", line+strings.Count(text[:at], "\n"))
		}
	}
	return err
}

// intAttr returns an attribute of an error that must be a number from 0.
func intAttr(e *errs.Error, key string) (int, bool) {
	n, err := strconv.Atoi(e.Attrs[key])
	return n, err == nil && n >= 0
}

// withPrefix puts a text before the message of an error.
func withPrefix(err error, text string, args ...any) error {
	e := *errs.Public(err)
	e.Message = fmt.Sprintf(text, args...) + e.Message
	return &e
}

// withSuffix puts a text after the message of an error.
func withSuffix(err error, text string, args ...any) error {
	e := *errs.Public(err)
	e.Message += fmt.Sprintf(text, args...)
	return &e
}

// pieceFailed adds to the error of a piece which lines of the script have run.
func (s *script) pieceFailed(err error, units []sqlsplit.Unit, text string) error {
	from := units[0].First
	switch errs.CodeOf(err) {
	case errs.Canceled, errs.Unavailable, errs.Internal, errs.Engine: // the server may have run the piece
		to := units[0].Line + strings.Count(text, "\n")
		return withSuffix(err, "; lines %d to %d of the script may or may not have run%s", from, to, s.linesBefore())
	}
	return s.linesNotRun(err, from)
}

// linesNotRun adds to an error that the script has run only up to the given
// line.
func (s *script) linesNotRun(err error, line int) error {
	if !s.started {
		return withSuffix(err, "; no line of the script has run")
	}
	return withSuffix(err, "; the lines before line %d have run, the others have not", line)
}

// linesBefore says that the earlier lines have run, if there are any.
func (s *script) linesBefore() string {
	if s.started {
		return "; the lines before have run"
	}
	return ""
}
