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

// withPosition says where in a script a statement failed, when the server told.
// text is what was sent, which begins in the given line of the script.
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

func intAttr(e *errs.Error, key string) (int, bool) {
	n, err := strconv.Atoi(e.Attrs[key])
	return n, err == nil && n >= 0
}

// withPrefix and suffixed put something around what an error says.
func withPrefix(err error, text string, args ...any) error {
	e := *errs.Public(err)
	e.Message = fmt.Sprintf(text, args...) + e.Message
	return &e
}

func withSuffix(err error, text string, args ...any) error {
	e := *errs.Public(err)
	e.Message += fmt.Sprintf(text, args...)
	return &e
}

// pieceFailed adds to the failure of a piece what has been done.
func (s *script) pieceFailed(err error, units []sqlsplit.Unit, text string) error {
	from := units[0].First
	switch errs.CodeOf(err) {
	case errs.Canceled, errs.Unavailable, errs.Internal, errs.Engine: // the server may have gone on
		to := units[0].Line + strings.Count(text, "\n")
		return withSuffix(err, "; whether lines %d to %d of the script have been run is not certain%s", from, to, s.linesBefore())
	}
	return s.linesNotRun(err, from)
}

// linesNotRun adds to a failure what has been done before the given line.
func (s *script) linesNotRun(err error, line int) error {
	if !s.started {
		return withSuffix(err, "; nothing of the script has been run")
	}
	return withSuffix(err, "; the lines before %d have been run, those from there on have not", line)
}

// linesBefore says what is certain of the lines before.
func (s *script) linesBefore() string {
	if s.started {
		return ", those before have"
	}
	return ""
}
