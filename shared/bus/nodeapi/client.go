package nodeapi

import (
	"context"
	"sync"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// querySubject is where a node takes links with queries.
func querySubject(n NodeID) string { return "ayb.v1.node." + string(n) + ".query" }

// databaseSubject is where a node answers a call about a database.
func databaseSubject(n NodeID, verb string) string {
	return "ayb.v1.node." + string(n) + ".database." + verb
}

// Client calls query nodes over the bus. It keeps one link to each node it
// has talked to. It is safe for concurrent use.
type Client struct {
	calls bus.Requester
	links bus.Dialer

	mu    sync.RWMutex
	nodes map[NodeID]*nodeLink
}

var (
	_ Queries   = (*Client)(nil)
	_ Databases = (*Client)(nil)
	_ Files     = (*Client)(nil)
	_ Snapshots = (*Client)(nil)
)

// NewClient makes a client on a bus connection.
func NewClient(calls bus.Requester, links bus.Dialer) *Client {
	return &Client{calls: calls, links: links, nodes: map[NodeID]*nodeLink{}}
}

// Query implements Queries.
func (c *Client) Query(ctx context.Context, node NodeID, req QueryRequest) (Answer, error) {
	l, err := c.link(node)
	if err != nil {
		return nil, err
	}
	var buf [512]byte // longer heads move to the heap by themselves
	s, err := l.streams.Open(ctx, daemonapi.AppendHead(buf[:0], &req), req.Body)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// CreateDatabase implements Databases.
func (c *Client) CreateDatabase(ctx context.Context, node NodeID, req CreateRequest) (CreateResponse, error) {
	return bus.Call[CreateRequest, CreateResponse](ctx, c.calls, databaseSubject(node, "create"), req)
}

// DiscardDatabase implements Databases.
func (c *Client) DiscardDatabase(ctx context.Context, node NodeID, req DiscardRequest) (DeleteResponse, error) {
	return bus.Call[DiscardRequest, DeleteResponse](ctx, c.calls, databaseSubject(node, "discard"), req)
}

// DeleteDatabase implements Databases.
func (c *Client) DeleteDatabase(ctx context.Context, node NodeID, req DeleteDatabaseRequest) (DeleteDatabaseResponse, error) {
	return bus.Call[DeleteDatabaseRequest, DeleteDatabaseResponse](ctx, c.calls, databaseSubject(node, "delete"), req)
}

// DatabaseUsage implements Databases.
func (c *Client) DatabaseUsage(ctx context.Context, node NodeID, req UsageRequest) (UsageResponse, error) {
	return bus.Call[UsageRequest, UsageResponse](ctx, c.calls, databaseSubject(node, "usage"), req)
}

// Close ends all links; open answers fail.
func (c *Client) Close() {
	c.mu.Lock()
	nodes := c.nodes
	c.nodes = map[NodeID]*nodeLink{}
	c.mu.Unlock()
	for _, l := range nodes {
		l.closeLink()
	}
}

func (c *Client) link(node NodeID) (*nodeLink, error) {
	c.mu.RLock()
	l := c.nodes[node]
	c.mu.RUnlock()
	if l != nil {
		return l, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.nodes[node]; l != nil {
		return l, nil
	}
	l = &nodeLink{ready: make(chan struct{})}
	link, closeLink, err := c.links.Dial(querySubject(node), l)
	if err != nil {
		return nil, err
	}
	l.streams, l.closeLink = mux.NewClient(link), closeLink
	close(l.ready)
	c.nodes[node] = l
	return l, nil
}

// nodeLink is the client's end of the link to one node.
type nodeLink struct {
	ready     chan struct{} // closed when streams is set
	streams   *mux.Client
	closeLink func()
}

// Frames implements bus.Peer.
func (l *nodeLink) Frames(batch []byte) {
	<-l.ready
	if err := mux.EachFrame(batch, l.streams.Handle); err != nil {
		l.streams.FailAll(errs.E(errs.Internal, "The query node sent an answer that could not be read"))
	}
}

// Busy implements bus.Peer.
func (l *nodeLink) Busy() bool {
	<-l.ready
	return l.streams.Active() > 0
}

// Restarted implements bus.Caller.
func (l *nodeLink) Restarted() {
	<-l.ready
	l.streams.Check()
}

// Down implements bus.Peer.
func (l *nodeLink) Down(err error) {
	<-l.ready
	l.streams.FailAll(err)
}
