package httpapi

import (
	"io"

	"github.com/ayb-go/ayb/shared/errs"
)

// tooLarge is the error of an answer that exceeds ClientConfig.MemoryBytes.
func (c *Client) tooLarge() *errs.Error {
	return errs.E(errs.TooLarge, "The answer, or one row of it, is larger than %d bytes; request less, or use an export", c.most)
}

// rowReader limits what is read for one row. It is for one goroutine.
type rowReader struct {
	client *Client
	r      io.Reader
	read   int // since the last row
}

// Read implements io.Reader.
func (r *rowReader) Read(p []byte) (int, error) {
	if r.client.most > 0 && r.read > r.client.most {
		return 0, r.client.tooLarge()
	}
	n, err := r.r.Read(p)
	r.read += n
	return n, err
}
