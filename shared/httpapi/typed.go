package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

// Content types of typed answers, besides ContentType for one document.
const (
	ContentTypeNDJSON = "application/x-ndjson"
	ContentTypeCSV    = "text/csv"
)

// AttrLimit is the key with the name of a limit that was reached. LimitRequestBytes is
// its value for a request body that is too large.
const (
	AttrLimit         = "limit"
	LimitRequestBytes = "request_bytes"
)

// QueryRequest is a query in its JSON form.
type QueryRequest struct {
	// SQL is one statement, or without parameters any number of them. It is empty
	// with Statements.
	SQL string `json:"sql,omitempty"`
	// Params are the values of its parameters, as a JSON array or object; nil for
	// none.
	Params json.RawMessage `json:"params,omitempty"`
	// Statements are statements with parameters of their own, in one transaction.
	Statements []Statement `json:"statements,omitempty"`
	// MaxRows limits the rows of each result; 0 is no limit.
	MaxRows int64 `json:"max_rows,omitempty"`
	// ReadOnly refuses statements that change the database, whatever the rights of
	// the caller.
	ReadOnly bool `json:"-"`
}

// Statement is one statement of a QueryRequest.
type Statement struct {
	SQL    string          `json:"sql"`
	Params json.RawMessage `json:"params,omitempty"`
	// Expect is the number of rows that the statement must affect, or nil for any.
	// Otherwise the request fails with Conflict and changes nothing.
	Expect *int64 `json:"expect_rows_affected,omitempty"`
}

// Body returns the body of the request. The error is Invalid for text that JSON cannot
// represent; no character is replaced.
func (q QueryRequest) Body() ([]byte, error) {
	if !utf8.ValidString(q.SQL) {
		return nil, errs.E(errs.Invalid, "The SQL is not valid UTF-8; write other bytes as a BLOB, X'…'")
	}
	body, err := Marshal(q)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The parameters are not valid JSON")
	}
	return body, nil
}

// TypedTo runs a query and copies its answer, with the content type accept, to w as it
// arrives. After an error, part of an incomplete answer may have been written. An
// error of w is returned unchanged.
func (c *Client) TypedTo(ctx context.Context, entity, database string, q QueryRequest, accept string, w io.Writer) error {
	resp, err := c.openTyped(ctx, entity, database, q, accept) //nolint:bodyclose // copyTo closes it
	if err != nil {
		return err
	}
	return c.copyTo(ctx, w, resp.Body)
}

func (c *Client) openTyped(ctx context.Context, entity, database string, q QueryRequest, accept string) (*http.Response, error) {
	body, err := q.Body()
	if err != nil {
		return nil, err
	}
	return c.open(ctx, call{method: http.MethodPost, path: queryPath(entity, database, q.ReadOnly),
		auth: bearer, body: body, json: true, accept: accept, success: http.StatusOK})
}

// LineKind is the kind of a line of an NDJSON answer.
type LineKind uint8

// The kinds of lines.
const (
	LineColumns LineKind = iota // a result starts with its columns
	LineRow                     // a row of the result
	LineEnd                     // the result ends
	LineCost                    // the last line, after all results
	LineError                   // an error, which Lines.Err returns
)

// Line is a line of an NDJSON answer.
type Line struct {
	Kind LineKind
	// Text is the line without its line break. It is valid until the next line is
	// read.
	Text []byte
	// Columns are the names of the columns, of a LineColumns.
	Columns []string
}

// Lines is a typed answer that is read line by line. It is for one goroutine.
type Lines struct {
	client *Client
	ctx    context.Context
	body   io.ReadCloser
	in     *bufio.Reader
	line   Line
	long   []byte // a line that does not fit into the buffer of in
	done   bool   // the last line was read
	err    error
}

// QueryLines runs a query and returns its answer as it arrives. The caller closes it;
// an early close cancels the query on the server.
func (c *Client) QueryLines(ctx context.Context, entity, database string, q QueryRequest) (*Lines, error) {
	resp, err := c.openTyped(ctx, entity, database, q, ContentTypeNDJSON) //nolint:bodyclose // Lines.Close closes it
	if err != nil {
		return nil, err
	}
	return &Lines{client: c, ctx: ctx, body: resp.Body, in: bufio.NewReaderSize(resp.Body, 64<<10)}, nil
}

// Next reads one more line and reports whether there was one. After false, Err is nil
// if the answer was complete.
func (l *Lines) Next() bool {
	text, err := l.read()
	switch {
	case err == io.EOF && len(text) == 0 && (l.done || l.err != nil):
		return false
	case err != nil:
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		l.err = l.client.transportError(l.ctx, err)
		return false
	}
	return l.parse(text)
}

// read returns the next line without its line break.
func (l *Lines) read() ([]byte, error) {
	l.long = l.long[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		if err == nil {
			part = part[:len(part)-1]
		}
		if err == nil && len(l.long) == 0 {
			return part, nil
		}
		l.long = append(l.long, part...)
		if l.client.most > 0 && len(l.long) > l.client.most {
			return nil, l.client.tooLarge()
		}
		if err != bufio.ErrBufferFull {
			return l.long, err
		}
	}
}

// parse parses a line. It returns false for an invalid one.
func (l *Lines) parse(text []byte) bool {
	l.line = Line{Kind: LineRow, Text: text}
	if len(text) > 0 && text[0] == '[' {
		return true
	}
	var keys struct {
		Columns *[]struct{ Name string }
		Cost    json.RawMessage
		Error   json.RawMessage

		Statement json.RawMessage
	}
	if err := json.Unmarshal(text, &keys); err != nil {
		l.err = errs.Wrap(errs.Internal, err, "The answer of %s is not what an ayb server sends", l.client.base)
		return false
	}
	switch {
	case keys.Error != nil:
		l.line.Kind = LineError
		if l.err == nil {
			l.err = lineError(keys.Error, keys.Statement != nil)
		}
	case keys.Cost != nil:
		l.line.Kind, l.done = LineCost, true
	case keys.Columns != nil:
		l.line.Kind, l.line.Columns = LineColumns, make([]string, len(*keys.Columns))
		for i, column := range *keys.Columns {
			l.line.Columns[i] = column.Name
		}
	default:
		l.line.Kind = LineEnd
	}
	return true
}

// lineError decodes the error of a line, which has no status. The error of a statement
// counts as invalid input; after any other error the state of the server is unknown.
func lineError(body []byte, ofStatement bool) *errs.Error {
	if e := ToError(http.StatusBadRequest, body); ofStatement || e.Code == errs.SQL || e.Attrs[AttrStatement] != "" {
		return e
	}
	return ToError(http.StatusInternalServerError, body)
}

// Line returns the line of Next.
func (l *Lines) Line() Line { return l.line }

// Waiting reports whether the next line has probably not arrived: then it is time to
// show the lines so far.
func (l *Lines) Waiting() bool { return l.in.Buffered() == 0 }

// Err returns the error that ended the lines, or that a line contains; nil after a
// complete answer.
func (l *Lines) Err() error { return l.err }

// Close releases the connection.
func (l *Lines) Close() { _ = l.body.Close() } // an early close cancels the query
