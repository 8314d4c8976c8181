package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// Upload is data on its way to a node, and the answer to it. Close gives it up
// unless the last piece has been sent and answered.
type Upload interface {
	// Send sends the next piece and waits while the node takes no more; last
	// ends the data. p may be reused on return. An error means that the node
	// wants no more: what Next gives says why.
	Send(ctx context.Context, p []byte, last bool) error
	// Answer comes after the last piece, or earlier when it is an error. Next
	// may be called meanwhile, by another goroutine.
	Answer
}

// Imports brings data to a node.
type Imports interface {
	// Import begins a request whose body follows piece by piece: one of
	// KindImport. It does not wait. Errors: Unavailable when the request could
	// not be sent, TooLarge when all but its body is too much for one frame.
	// The caller closes the upload.
	Import(ctx context.Context, node NodeID, req QueryRequest) (Upload, error)
}

var (
	_ Imports = (*Client)(nil)
	_ Upload  = (*mux.Stream)(nil)
)

// Import implements Imports. The request's Body is not sent.
func (c *Client) Import(_ context.Context, node NodeID, req QueryRequest) (Upload, error) {
	l, err := c.link(node)
	if err != nil {
		return nil, err
	}
	if len(req.Options) > daemonapi.MaxOptions {
		return nil, errs.E(errs.TooLarge, "The options of the import are too long")
	}
	return l.streams.Begin(daemonapi.AppendHead(nil, &req)), nil
}
