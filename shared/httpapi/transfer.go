package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// ExportRequest says what is taken out of a database, and in which form.
type ExportRequest struct {
	daemonapi.ExportOptions
	// Query is one reading statement whose rows are wanted; it excludes Table.
	Query string
	// Remark, if it is not nil, is told what the format cannot hold, after all
	// data has been written: one sentence each.
	Remark func(sentence string)
}

// Export copies what a database holds to w as it arrives. When the answer
// breaks off, part of it has been written and the error says so. An error of w
// is returned as it is.
func (c *Client) Export(ctx context.Context, entity, database string, e ExportRequest, w io.Writer) error {
	path := DatabasePath(entity, database, "export") + given(params{
		{"format", string(e.Format)}, {"table", e.Table}, {"query", e.Query},
	})
	resp, err := c.open(ctx, call{method: http.MethodGet, path: path, posture: bearer, long: true, success: http.StatusOK}) //nolint:bodyclose // copyTo closes it
	if err != nil {
		return err
	}
	if err := c.copyTo(ctx, w, resp.Body); err != nil || e.Remark == nil {
		return err
	}
	for _, sentence := range Remarks(resp) {
		e.Remark(sentence)
	}
	return nil
}

// ImportRequest says what is brought into a database.
type ImportRequest struct {
	daemonapi.ImportOptions
	// PublicSharingLevel is that of a new database; empty for the default.
	PublicSharingLevel string
	// Body is the data. It may still be read, in vain, after Import has returned
	// an error.
	Body io.Reader
	// Size is how many bytes Body has; negative when it is not known.
	Size int64
	// Coding is what Body is compressed with, gzip or zstd; empty for nothing.
	Coding string
}

// Import brings data into a database: it is there for good when there is no
// error, and nothing has changed when there is one that a server has answered.
// An error of Body is returned as it is.
func (c *Client) Import(ctx context.Context, entity, database string, r ImportRequest) (daemonapi.ImportResult, error) {
	var out daemonapi.ImportResult
	body := &failureReader{r: r.Body}
	resp, err := c.open(ctx, call{method: http.MethodPost, path: DatabasePath(entity, database, "import") + r.query(), //nolint:bodyclose // decode closes it
		posture: bearer, long: true, upload: body, size: r.Size, coding: r.Coding, success: http.StatusOK})
	if err != nil {
		if failed := body.failure(); failed != nil && errs.Is(err, errs.Unavailable) {
			return out, failed
		}
		return out, err
	}
	return out, c.decode(ctx, resp, &out)
}

func (r ImportRequest) query() string {
	yes := map[bool]string{true: "yes"}
	lines, types := "", ""
	if r.SkipLines != 0 {
		lines = strconv.FormatInt(r.SkipLines, 10)
	}
	if len(r.Types) > 0 {
		text, _ := json.Marshal(r.Types) // of strings
		types = string(text)
	}
	values := valuesOf(params{
		{"format", string(r.Format)}, {"table", r.Table}, {"mode", r.Mode}, {"on_error", r.OnError}, {"dry_run", yes[r.DryRun]},
		{"header", r.Header}, {"delimiter", r.Delimiter}, {"quote", r.Quote}, {"escape", r.Escape}, {"comment", r.Comment},
		{"skip_lines", lines}, {"trim", yes[r.Trim]}, {"types", types}, {"encoding", r.Encoding}, {"null", r.Null},
		{"public_sharing_level", r.PublicSharingLevel},
	})
	for _, null := range r.Nulls { // an empty one says that nothing else is NULL
		values.Add("null", null)
	}
	return encoded(values)
}

// given are the parameters that are not empty, as the end of a URL.
func given(p params) string { return encoded(valuesOf(p)) }

func valuesOf(p params) url.Values {
	values := url.Values{}
	for _, kv := range p {
		if kv[1] != "" {
			values.Set(kv[0], kv[1])
		}
	}
	return values
}

func encoded(values url.Values) string {
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// decode reads an answer into out, which may be nil, and closes it.
func (c *Client) decode(ctx context.Context, resp *http.Response, out any) error {
	defer func() { _ = resp.Body.Close() }() // read to its end or of no further use
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c.transportError(ctx, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return errs.Wrap(errs.Internal, err, "The answer of %s is not what an ayb server sends", c.base)
	}
	return nil
}
