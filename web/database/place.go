package database

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/shared/sqlsplit"
)

// place returns the line and column, from 1, of an error in a text of SQL. Both are 0
// if the API did not send a position; column is 0 if it sent only the statement.
func place(text string, err error) (line, column int) {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return 0, 0
	}
	if at, ok := number(e, httpapi.AttrOffset); ok && at <= len(text) {
		before := text[:at]
		begin := strings.LastIndexByte(before, '\n') + 1
		return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[begin:])
	}
	if i, ok := number(e, httpapi.AttrStatement); ok {
		if at := sqlsplit.Offset(text, i); at >= 0 {
			return 1 + strings.Count(text[:at], "\n"), 0
		}
	}
	return 0, 0
}

// number returns an attribute of an error that must be a number from 0.
func number(e *errs.Error, key string) (int, bool) {
	n, err := strconv.Atoi(e.Attrs[key])
	return n, err == nil && n >= 0
}
