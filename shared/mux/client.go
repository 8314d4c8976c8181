package mux

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// Client is the side of a link that opens streams. Handle must be called with
// every frame that arrives. It is safe for concurrent use.
type Client struct {
	link Link

	mu      sync.Mutex
	streams map[uint32]*Stream
	lastID  uint32
	// resetPending is true when streams up to resetUpTo have failed here and
	// may still be open on the other side. A Reset frame ends them.
	resetPending bool
	resetUpTo    uint32
}

// NewClient makes the client side of a link.
func NewClient(link Link) *Client {
	return &Client{link: link, streams: map[uint32]*Stream{}}
}

// Open starts a stream. The request is head followed by body. The head must
// have at most Chunk bytes; it goes into the first frame with as much of the
// body as fits into one chunk. The calling goroutine sends the rest of the body
// as the peer grants credit, until ctx ends.
func (c *Client) Open(ctx context.Context, head, body []byte) (*Stream, error) {
	s := c.register()
	first := body[:min(len(body), Chunk)]
	rest := body[len(first):]
	buf := append(append(make([]byte, 0, len(head)+len(first)), head...), first...)
	if len(rest) == 0 {
		s.sendOpen(OpenFinal, buf)
		return s, nil
	}
	s.sendOpen(Open, buf)
	if err := s.out.sendAll(ctx, c.link, s.id, rest, true); err != nil {
		if !s.ended() { // the answer says why
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// register makes a stream. The other side does not know it yet.
func (c *Client) register() *Stream {
	s := newStream(c.link)
	c.mu.Lock()
	for { // an id may still be in use after 2^32 streams
		c.lastID++
		if _, used := c.streams[c.lastID]; !used && c.lastID != 0 {
			break
		}
	}
	s.id, s.client = c.lastID, c
	c.streams[s.id] = s
	lost, lostTo := c.resetPending, c.resetUpTo
	c.resetPending = false
	c.mu.Unlock()
	if lost {
		c.link.Send(Reset, 0, binary.BigEndian.AppendUint32(nil, lostTo))
	}
	return s
}

// Begin starts a stream whose request is sent in pieces with Send. The head
// goes first and has at most Chunk bytes.
func (c *Client) Begin(head []byte) *Stream {
	s := c.register()
	s.sendOpen(Open, head)
	return s
}

// Handle processes one frame from the peer. The payload is kept until it is
// read, so it must not be overwritten.
func (c *Client) Handle(f Frame) {
	c.mu.Lock()
	s := c.streams[f.Stream]
	if s != nil && (f.Kind == Final || f.Kind == Fail) {
		delete(c.streams, f.Stream)
	}
	c.mu.Unlock()
	if s == nil {
		return
	}
	switch f.Kind {
	case Data, Final:
		if !s.push(f.Payload, f.Kind == Final) {
			c.remove(s.id)
			c.link.Send(Cancel, s.id, nil)
			s.fail(errs.E(errs.Internal, "A part of the server sent more data than it was granted"))
		}
	case Fail:
		s.fail(errs.Unmarshal(f.Payload))
	case Credit:
		if n, ok := CreditOf(f.Payload); ok {
			s.out.grant(n)
		}
	}
}

// FailAll fails every open stream with an error, because the peer is gone or
// out of reach. Before the next stream, the client tells the peer to end the
// old ones.
func (c *Client) FailAll(err error) {
	c.mu.Lock()
	streams := c.streams
	c.streams = map[uint32]*Stream{}
	c.resetPending, c.resetUpTo = true, c.lastID
	c.mu.Unlock()
	for _, s := range streams {
		s.fail(err)
	}
}

// Check asks the other side about every open stream. Streams that a restarted
// peer does not know fail; the others continue. A stream whose first frame is
// not sent yet is asked about right after that frame.
func (c *Client) Check() {
	c.mu.Lock()
	ids := make([]byte, 0, 4*len(c.streams))
	for id, s := range c.streams {
		if s.checkable() {
			ids = binary.BigEndian.AppendUint32(ids, id)
		}
	}
	c.mu.Unlock()
	for part := range slices.Chunk(ids, Chunk) {
		c.link.Send(Check, 0, part)
	}
}

// Active returns the number of open streams.
func (c *Client) Active() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.streams)
}

func (c *Client) remove(id uint32) (was bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, was = c.streams[id]
	delete(c.streams, id)
	return was
}
