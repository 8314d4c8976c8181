package mux

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// Client is the side of a link that opens streams. Frames that arrive are
// given to Handle; the rest is done by the streams. It is safe for concurrent
// use.
type Client struct {
	link Link

	mu      sync.Mutex
	streams map[uint32]*Stream
	lastID  uint32
	// resetPending says that streams up to resetUpTo have failed here and may still be
	// open on the other side, where nobody has canceled them.
	resetPending bool
	resetUpTo    uint32
}

// NewClient makes the client side of a link.
func NewClient(link Link) *Client {
	return &Client{link: link, streams: map[uint32]*Stream{}}
}

// Open starts a stream. head and body together are the request; the head must
// be at most Chunk bytes and goes into the first frame with as much of the
// body as fits one chunk. Longer bodies are sent by the calling goroutine as
// the peer grants credit, until ctx ends.
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
		if !s.ended() { // else the answer says why
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// register makes a stream that is known here and not yet on the other side.
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

// Begin starts a stream whose request is sent piece by piece with Send; head,
// at most Chunk bytes, goes first.
func (c *Client) Begin(head []byte) *Stream {
	s := c.register()
	s.sendOpen(Open, head)
	return s
}

// Handle takes one frame from the peer. The payload is kept until the stream's
// owner has read it, so it must not be overwritten.
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
			s.fail(errs.E(errs.Internal, "A part of the server sent more than it was asked for"))
		}
	case Fail:
		s.fail(errs.Unmarshal(f.Payload))
	case Credit:
		if n, ok := CreditOf(f.Payload); ok {
			s.out.grant(n)
		}
	}
}

// FailAll fails every open stream: the peer is gone, or cannot be reached. If it
// comes back, the next Open first tells it to end what it still has.
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

// Check asks the other side about every open stream. One that was opened
// before the other side was restarted is unknown there and fails; one that it
// has seen goes on. One whose first frame is not sent yet is asked about as
// soon as it is.
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

// Active returns how many streams are open.
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
