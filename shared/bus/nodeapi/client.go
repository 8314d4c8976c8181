package nodeapi

import (
	"sync"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// Client calls query nodes over the bus. It keeps one link per node. It is safe
// for concurrent use.
type Client struct {
	calls bus.Requester
	links bus.Dialer

	mu    sync.RWMutex
	nodes map[NodeID]*nodeLink
}

// NewClient makes a client on a bus connection.
func NewClient(calls bus.Requester, links bus.Dialer) *Client {
	return &Client{calls: calls, links: links, nodes: map[NodeID]*nodeLink{}}
}

// Close ends all links. Open answers fail.
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
		l.streams.FailAll(errs.E(errs.Internal, "The query node sent an answer that is not valid"))
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
