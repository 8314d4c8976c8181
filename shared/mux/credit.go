package mux

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// credit counts the bytes that one side of a stream may still send.
type credit struct {
	mu      sync.Mutex
	left    int
	stopped bool
	err     error
	wake    chan struct{}
}

func (c *credit) init() {
	c.left = Window
	c.wake = make(chan struct{}, 1)
}

// acquire waits until at least one byte may be sent. It returns the number of
// granted bytes, at most want.
func (c *credit) acquire(ctx context.Context, want int) (int, error) {
	for {
		c.mu.Lock()
		switch {
		case c.stopped:
			err := c.err
			c.mu.Unlock()
			if err == nil {
				err = errs.E(errs.Canceled, "The other side has ended the stream")
			}
			return 0, err
		case c.left > 0:
			n := min(want, c.left)
			c.left -= n
			c.mu.Unlock()
			return n, nil
		}
		c.mu.Unlock()
		select {
		case <-c.wake:
		case <-ctx.Done():
			return 0, errs.Wrap(errs.Canceled, context.Cause(ctx), "The request was canceled")
		}
	}
}

func (c *credit) grant(n int) {
	c.mu.Lock()
	c.left += n
	c.mu.Unlock()
	c.signal()
}

// stop makes all waiting and later calls of acquire fail.
func (c *credit) stop(err error) {
	c.mu.Lock()
	if !c.stopped {
		c.stopped, c.err = true, err
	}
	c.mu.Unlock()
	c.signal()
}

func (c *credit) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// sendAll sends p in chunks as credit allows. With final, the last chunk ends
// this direction; it is sent even if p is empty.
func (c *credit) sendAll(ctx context.Context, link Link, id uint32, p []byte, final bool) error {
	for len(p) > 0 {
		n, err := c.acquire(ctx, min(len(p), Chunk))
		if err != nil {
			return err
		}
		if final && n == len(p) {
			link.Send(Final, id, p)
			return nil
		}
		link.Send(Data, id, p[:n])
		p = p[n:]
	}
	if final {
		link.Send(Final, id, nil)
	}
	return nil
}

func sendCredit(link Link, id uint32, n int) {
	var p [4]byte
	binary.BigEndian.PutUint32(p[:], uint32(n))
	link.Send(Credit, id, p[:])
}
