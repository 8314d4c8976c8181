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

// placed says where in a script a statement failed, when the server told.
// text is what was sent, which begins in the given line of the script.
func placed(err error, text string, line int) error {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return err
	}
	if at, ok := number(e, httpapi.AttrOffset); ok && at <= len(text) {
		before := text[:at]
		begin := strings.LastIndexByte(before, '\n') + 1
		return prefixed(err, "line %d, column %d: ", line+strings.Count(before, "\n"), utf8.RuneCountInString(before[begin:])+1)
	}
	if i, ok := number(e, httpapi.AttrStatement); ok {
		if at := sqlsplit.Offset(text, i); at >= 0 {
			return prefixed(err, "line %d: ", line+strings.Count(text[:at], "\n"))
		}
	}
	return err
}

func number(e *errs.Error, key string) (int, bool) {
	n, err := strconv.Atoi(e.Attrs[key])
	return n, err == nil && n >= 0
}

// prefixed and suffixed put something around what an error says.
func prefixed(err error, text string, args ...any) error {
	e := *errs.Public(err)
	e.Message = fmt.Sprintf(text, args...) + e.Message
	return &e
}

func suffixed(err error, text string, args ...any) error {
	e := *errs.Public(err)
	e.Message += fmt.Sprintf(text, args...)
	return &e
}

// unfinished adds to the failure of a piece what has been done.
func (s *script) unfinished(err error, units []sqlsplit.Unit, text string) error {
	from := units[0].First
	switch errs.CodeOf(err) {
	case errs.Canceled, errs.Unavailable, errs.Internal, errs.Engine: // the server may have gone on
		to := units[0].Line + strings.Count(text, "\n")
		return suffixed(err, "; whether lines %d to %d of the script have been run is not certain%s", from, to, s.before())
	}
	return s.undone(err, from)
}

// undone adds to a failure what has been done before the given line.
func (s *script) undone(err error, line int) error {
	if !s.begun {
		return suffixed(err, "; nothing of the script has been run")
	}
	return suffixed(err, "; the lines before %d have been run, those from there on have not", line)
}

// before says what is certain of the lines before.
func (s *script) before() string {
	if s.begun {
		return ", those before have"
	}
	return ""
}
