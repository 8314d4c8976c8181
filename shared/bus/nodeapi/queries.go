package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// QueryRequest is a request to the daemon of one database.
type QueryRequest = daemonapi.Request

// Format is the form in which a daemon encodes the rows of an answer.
type Format = daemonapi.Format

// FormatCompat is the form that every client of the HTTP API can read.
const FormatCompat = daemonapi.FormatCompat

// Queries sends requests to the daemons of databases.
type Queries interface {
	// Query starts a request on a node. It does not wait for the answer. The
	// error is Unavailable when the request could not be sent.
	Query(ctx context.Context, node NodeID, req QueryRequest) (Answer, error)
}

// Answer is the encoded answer to a request, in chunks. One goroutine uses it.
type Answer interface {
	// Next waits for the next chunk. last is true exactly once, together
	// with the final chunk, which may be empty. The chunk is valid until the
	// next call. After an error or the last chunk Next must not be called.
	//
	// Errors carry the code that the daemon, the node or the bus has set: SQL,
	// ReadOnly, Timeout, Full, TooLarge, Unavailable, Engine, Canceled.
	Next(ctx context.Context) (chunk []byte, last bool, err error)
	// Close abandons the answer: a statement that still runs is stopped.
	// After the end it does nothing. It may be called more than once.
	Close()
}

// Imports sends data to the daemons of databases.
type Imports interface {
	// Import starts a request of KindImport whose body follows in pieces. The
	// request's own Body is not sent. Import does not wait. Errors: Unavailable
	// when the request could not be sent, TooLarge when its options do not fit
	// into one frame. The caller closes the upload.
	Import(ctx context.Context, node NodeID, req QueryRequest) (Upload, error)
}

// Upload is data on its way to a node, and the answer to it. Close abandons
// the upload unless the last piece has been sent and answered.
type Upload interface {
	// Send sends the next piece and waits while the node has no room for more;
	// last ends the data. p may be reused on return. After an error the node
	// accepts no more data; Next returns the reason.
	Send(ctx context.Context, p []byte, last bool) error
	// Answer comes after the last piece, or earlier when it is an error.
	// Another goroutine may call Next while Send waits.
	Answer
}

// LinkHandler is the node's side of Queries and Imports.
type LinkHandler interface {
	// AcceptLink serves the requests of one client, which are streams of its
	// link.
	AcceptLink(link mux.Link) bus.Peer
}

func querySubject(n NodeID) string { return "ayb.v1.node." + string(n) + ".query" }

func linkEndpoints(node NodeID, h LinkHandler) []bus.Endpoint {
	return []bus.Endpoint{{Name: "query", Subject: querySubject(node), Link: h.AcceptLink}}
}

var (
	_ Queries = (*Client)(nil)
	_ Imports = (*Client)(nil)
	_ Answer  = (*mux.Stream)(nil)
	_ Upload  = (*mux.Stream)(nil)
)

// Query implements Queries.
func (c *Client) Query(ctx context.Context, node NodeID, req QueryRequest) (Answer, error) {
	l, err := c.link(node)
	if err != nil {
		return nil, err
	}
	var buf [512]byte // append moves longer heads to the heap
	s, err := l.streams.Open(ctx, daemonapi.AppendHead(buf[:0], &req), req.Body)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Import implements Imports.
func (c *Client) Import(_ context.Context, node NodeID, req QueryRequest) (Upload, error) {
	l, err := c.link(node)
	if err != nil {
		return nil, err
	}
	if len(req.Options) > daemonapi.MaxOptions {
		return nil, errs.E(errs.TooLarge, "The options of the import have %d bytes, and at most %d are possible; give shorter ones", len(req.Options), daemonapi.MaxOptions)
	}
	return l.streams.Begin(daemonapi.AppendHead(nil, &req)), nil
}
