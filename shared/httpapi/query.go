package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// Query runs SQL and returns the whole result in memory. Use QueryRows or
// QueryTo for results of unknown size.
func (c *Client) Query(ctx context.Context, entity, database, sql string) (QueryResult, error) {
	var out QueryResult
	rows, err := c.QueryRows(ctx, entity, database, sql)
	if err != nil {
		return out, err
	}
	defer rows.Close()
	out.Fields = rows.Fields()
	for rows.Next() {
		out.Rows = append(out.Rows, rows.Row())
	}
	return out, rows.Err()
}

// QueryTo runs SQL and copies the JSON of the answer to w as it arrives. After an
// error, part of an incomplete answer may have been written. An error of w is
// returned unchanged.
func (c *Client) QueryTo(ctx context.Context, entity, database, sql string, w io.Writer) error {
	resp, err := c.openQuery(ctx, entity, database, sql, false) //nolint:bodyclose // copyTo closes it
	if err != nil {
		return err
	}
	return c.copyTo(ctx, w, resp.Body)
}

// copyTo copies an answer as it arrives, and closes it.
func (c *Client) copyTo(ctx context.Context, w io.Writer, body io.ReadCloser) error {
	defer func() { _ = body.Close() }() // an early close cancels the query
	src := &failureReader{r: body}
	if _, err := io.Copy(w, src); err != nil {
		if src.failure() != nil {
			return c.transportError(ctx, err)
		}
		return err
	}
	return nil
}

// failureReader records an error of Read, to distinguish it from an error of the
// writer. failure may be called while another goroutine reads.
type failureReader struct {
	r   io.Reader
	mu  sync.Mutex
	err error
}

// Read implements io.Reader.
func (f *failureReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.mu.Lock()
		f.err = err
		f.mu.Unlock()
	}
	return n, err
}

func (f *failureReader) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// queryPath is the path of queries: of those that may write, or of read-only ones.
func queryPath(entity, database string, readOnly bool) string {
	if readOnly {
		return DatabasePath(entity, database, "query") + "?mode=read-only"
	}
	return DatabasePath(entity, database, "query")
}

func (c *Client) openQuery(ctx context.Context, entity, database, sql string, readOnly bool) (*http.Response, error) {
	return c.open(ctx, call{method: http.MethodPost, path: queryPath(entity, database, readOnly),
		auth: bearer, body: []byte(sql), success: http.StatusOK})
}

// Rows is a result that is read row by row. It is used by one goroutine.
type Rows struct {
	client *Client
	ctx    context.Context
	body   io.ReadCloser
	in     *rowReader
	dec    *json.Decoder
	fields []string
	row    []*string
	err    error
	done   bool
}

// QueryRows runs SQL and returns its result as it arrives. The caller closes it; an
// early close cancels the statement on the server.
func (c *Client) QueryRows(ctx context.Context, entity, database, sql string) (*Rows, error) {
	return c.rows(ctx, entity, database, sql, false)
}

// ReadRows is QueryRows for SQL that only reads. A statement that changes the database
// is refused with ReadOnly, whatever the rights of the caller.
func (c *Client) ReadRows(ctx context.Context, entity, database, sql string) (*Rows, error) {
	return c.rows(ctx, entity, database, sql, true)
}

func (c *Client) rows(ctx context.Context, entity, database, sql string, readOnly bool) (*Rows, error) {
	resp, err := c.openQuery(ctx, entity, database, sql, readOnly) //nolint:bodyclose // Rows.Close closes it
	if err != nil {
		return nil, err
	}
	row := &rowReader{client: c, r: resp.Body}
	r := &Rows{client: c, ctx: ctx, body: resp.Body, in: row, dec: json.NewDecoder(row)}
	r.expect(json.Delim('{'), "fields")
	if r.err == nil {
		r.fail(r.dec.Decode(&r.fields))
	}
	r.expect("rows", json.Delim('['))
	if r.err != nil {
		r.Close()
		return nil, r.err
	}
	return r, nil
}

// Fields returns the names of the columns in order, possibly repeated. It is empty for
// statements without a result.
func (r *Rows) Fields() []string { return r.fields }

// Next reads one more row and reports whether there was one. After false, Err is nil
// if the result was complete.
func (r *Rows) Next() bool {
	if r.err != nil || r.done {
		return false
	}
	if r.dec.More() {
		r.row, r.in.read = nil, 0
		r.fail(r.dec.Decode(&r.row))
		return r.err == nil
	}
	r.done = true
	r.expect(json.Delim(']'), json.Delim('}'))
	return false
}

// Row returns the row of Next, which the caller may keep; nil is NULL.
func (r *Rows) Row() []*string { return r.row }

// Err returns the error that ended the rows; nil after a complete result.
func (r *Rows) Err() error { return r.err }

// Close releases the connection.
func (r *Rows) Close() { _ = r.body.Close() } // an early close cancels the query

// expect reads the JSON tokens around the rows.
func (r *Rows) expect(tokens ...json.Token) {
	for _, want := range tokens {
		if r.err != nil {
			return
		}
		got, err := r.dec.Token()
		if err == nil && got != want {
			err = &json.SyntaxError{Offset: r.dec.InputOffset()}
		}
		r.fail(err)
	}
}

// fail records an error: of the server for invalid JSON, and of the connection for
// any other.
func (r *Rows) fail(err error) {
	if err == nil {
		return
	}
	_, syntax := err.(*json.SyntaxError)
	_, typ := err.(*json.UnmarshalTypeError)
	if syntax || typ {
		r.err = errs.Wrap(errs.Internal, err, "The answer of %s is not what an ayb server sends", r.client.base)
		return
	}
	r.err = r.client.transportError(r.ctx, err)
}
