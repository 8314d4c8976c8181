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

// ExportRequest selects the data and the format of an export.
type ExportRequest struct {
	daemonapi.ExportOptions
	// Query is one read-only statement whose rows are exported; it excludes Table.
	Query string
	// Remark, if it is not nil, is called after all data has been written, once
	// for each sentence on data that the format cannot represent.
	Remark func(sentence string)
}

// Export copies exported data to w as it arrives. After an error, part of the data may
// have been written. An error of w is returned unchanged.
func (c *Client) Export(ctx context.Context, entity, database string, e ExportRequest, w io.Writer) error {
	path := DatabasePath(entity, database, "export") + urlQuery(params{
		{"format", string(e.Format)}, {"table", e.Table}, {"query", e.Query},
	})
	resp, err := c.open(ctx, call{method: http.MethodGet, path: path, auth: bearer, long: true, success: http.StatusOK}) //nolint:bodyclose // copyTo closes it
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

// ImportRequest holds the data and the options of an import.
type ImportRequest struct {
	daemonapi.ImportOptions
	// PublicSharingLevel is the level of a new database; empty for the default.
	PublicSharingLevel string
	// Body is the data. It may still be read after Import has returned an error.
	Body io.Reader
	// Size is the number of bytes of Body; negative if it is not known.
	Size int64
	// Coding is the compression of Body, gzip or zstd; empty for none.
	Coding string
}

// Import imports data into a database. Without an error, the data is stored durably;
// after an error of the server, nothing has changed. An error of Body is returned
// unchanged.
func (c *Client) Import(ctx context.Context, entity, database string, r ImportRequest) (daemonapi.ImportResult, error) {
	var out daemonapi.ImportResult
	body := &failureReader{r: r.Body}
	resp, err := c.open(ctx, call{method: http.MethodPost, path: DatabasePath(entity, database, "import") + r.query(), //nolint:bodyclose // decode closes it
		auth: bearer, long: true, upload: body, size: r.Size, coding: r.Coding, success: http.StatusOK})
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
	for _, null := range r.Nulls { // an empty value means that no text stands for NULL
		values.Add("null", null)
	}
	return encoded(values)
}

// urlQuery returns the parameters that are not empty as the query of a URL.
func urlQuery(p params) string { return encoded(valuesOf(p)) }

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

// decode decodes an answer into out, which may be nil, and closes it.
func (c *Client) decode(ctx context.Context, resp *http.Response, out any) error {
	defer func() { _ = resp.Body.Close() }() // a failure to close changes nothing
	limit := int64(maxAnswer)
	if c.most > 0 {
		limit = int64(c.most) + 1
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return c.transportError(ctx, err)
	}
	if c.most > 0 && len(body) > c.most {
		return c.tooLarge()
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return errs.Wrap(errs.Internal, err, "The answer of %s is not what an ayb server sends", c.base)
	}
	return nil
}
