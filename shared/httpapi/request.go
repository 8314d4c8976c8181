package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/ayb-go/ayb/shared/errs"
)

func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	headers, body, err := k.params.encode(k.body)
	if err != nil {
		return nil, err
	}
	var content io.Reader = bytes.NewReader(body)
	if k.upload != nil {
		content = k.upload
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path, content)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The server URL %s cannot be used", c.base)
	}
	req.Header = headers
	if k.upload != nil {
		k.describeUpload(req)
	}
	if k.long {
		req.Header.Set("Accept-Encoding", "identity")
	}
	if k.json {
		req.Header.Set("Content-Type", ContentType)
	}
	if k.accept != "" {
		req.Header.Set("Accept", k.accept)
	}
	if c.agent != "" {
		req.Header.Set("User-Agent", c.agent)
	}
	if k.auth != anonymous && c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// describeUpload sets the headers of an upload. The body waits for "100 Continue":
// otherwise an early refusal could be lost while the body is still being sent.
func (k call) describeUpload(req *http.Request) {
	req.ContentLength = k.size
	if k.size == 0 {
		req.Body = http.NoBody
	} else {
		req.Header.Set("Expect", "100-continue")
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	if k.coding != "" {
		req.Header.Set("Content-Encoding", k.coding)
	}
}
