package mux

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/ayb-go/ayb/shared/errs"
)

// Stream is the client's end of one request. Next and Close are for one
// goroutine.
type Stream struct {
	client    *Client
	link      Link
	id        uint32
	out       credit
	openState atomic.Int32 // state of the first frame

	mu      sync.Mutex
	allowed int // bytes the peer may still send
	queue   pieceQueue
	final   bool
	err     error
	wake    chan struct{}

	unacked int // bytes read and not granted again yet; used by Next only
}

// The values of Stream.openState.
const (
	unsent       int32 = iota
	sent               // the first frame was passed to the link
	checkPending       // not sent yet, and Check has to follow it
)

func newStream(link Link) *Stream {
	s := &Stream{link: link, allowed: Window, wake: make(chan struct{}, 1)}
	s.out.init()
	return s
}

// Next waits for the next piece of the answer. last is true exactly once, with
// the final piece, which may be empty. A piece is valid until the next call.
// The error is the server's, Unavailable, or Canceled when ctx ends first; then
// the caller calls Close.
func (s *Stream) Next(ctx context.Context) (piece []byte, last bool, err error) {
	for {
		s.mu.Lock()
		if len(s.queue) > 0 {
			piece = s.queue.pop()
			last = s.final && len(s.queue) == 0
			s.mu.Unlock()
			if !last {
				s.grantRead(len(piece))
			}
			return piece, last, nil
		}
		err = s.err
		s.mu.Unlock()
		if err != nil {
			return nil, false, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, false, errs.Wrap(errs.Canceled, context.Cause(ctx), "The request was canceled")
		}
	}
}

// grantRead grants the peer the bytes that were read, half a window at a time.
func (s *Stream) grantRead(n int) {
	s.unacked += n
	if s.unacked < Window/2 {
		return
	}
	s.mu.Lock()
	s.allowed += s.unacked
	s.mu.Unlock()
	sendCredit(s.link, s.id, s.unacked)
	s.unacked = 0
}

// sendOpen sends the first frame, followed by a Check if one is pending. A
// Check that overtook the first frame would find the stream unknown.
func (s *Stream) sendOpen(k Kind, payload []byte) {
	s.link.Send(k, s.id, payload)
	if s.openState.Swap(sent) == checkPending {
		s.link.Send(Check, 0, binary.BigEndian.AppendUint32(nil, s.id))
	}
}

// checkable reports whether a Check for the stream can be sent. If not,
// sendOpen will send it.
func (s *Stream) checkable() bool {
	return !s.openState.CompareAndSwap(unsent, checkPending) && s.openState.Load() == sent
}

// Send sends the next piece of the request of a stream that Begin started, as
// the server grants credit; last ends the request. It is for one goroutine,
// which may differ from that of Next. An error means that the server needs no
// more data; the reason is the error of Next, if Next fails. p may be reused
// afterwards.
func (s *Stream) Send(ctx context.Context, p []byte, last bool) error {
	return s.out.sendAll(ctx, s.link, s.id, p, last)
}

// Close cancels the stream if it has not ended.
func (s *Stream) Close() {
	if s.client.remove(s.id) {
		s.link.Send(Cancel, s.id, nil)
		s.fail(errs.E(errs.Canceled, "The request was canceled"))
	}
}

// push adds a piece of the answer. It reports whether the peer had credit for
// it.
func (s *Stream) push(p []byte, final bool) (allowed bool) {
	s.mu.Lock()
	if s.allowed -= len(p); s.allowed < 0 {
		s.mu.Unlock()
		return false
	}
	// Empty pieces use no credit, so their number is not bounded.
	if !s.final && s.err == nil && (final || len(p) > 0) {
		s.queue.add(p)
		s.final = final
	}
	s.mu.Unlock()
	s.signal()
	if final {
		s.out.stop(nil)
	}
	return true
}

func (s *Stream) fail(err error) {
	s.mu.Lock()
	if !s.final && s.err == nil {
		s.err = err
	}
	s.mu.Unlock()
	s.signal()
	s.out.stop(err)
}

func (s *Stream) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.final || s.err != nil
}

func (s *Stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
