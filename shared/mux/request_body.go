package mux

import (
	"bytes"
	"io"
	"sync"
)

// requestBody is the rest of a streamed request: the bytes that have arrived
// and were not read yet, at most Window of them.
type requestBody struct {
	link Link
	id   uint32

	mu      sync.Mutex
	allowed int // bytes the client may still send
	queue   pieceQueue
	final   bool
	err     error
	wake    chan struct{}

	piece   []byte // popped from queue and partly read; used by Read only
	unacked int    // bytes read and not granted again yet; used by Read only
}

func newRequestBody(link Link, id uint32) *requestBody {
	return &requestBody{link: link, id: id, allowed: Window, wake: make(chan struct{}, 1)}
}

// push adds a copy of the next piece. It reports whether the client had credit
// for it.
func (b *requestBody) push(p []byte, final bool) (allowed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.allowed -= len(p); b.allowed < 0 {
		return false
	}
	if b.final || b.err != nil {
		return true
	}
	if len(p) > 0 {
		b.queue.add(bytes.Clone(p))
	}
	b.final = final
	b.signal()
	return true
}

// fail ends the body with an error for its reader. Unread bytes are lost.
func (b *requestBody) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err, b.queue = err, nil
	}
	b.signal()
}

func (b *requestBody) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Read implements io.Reader.
func (b *requestBody) Read(p []byte) (int, error) {
	for len(b.piece) == 0 {
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.piece)
	b.piece = b.piece[n:]
	b.unacked += n
	if b.unacked >= Window/2 {
		b.grant()
	}
	return n, nil
}

// grant allows the client to send as many bytes again as were read.
func (b *requestBody) grant() {
	b.mu.Lock()
	b.allowed += b.unacked
	final := b.final
	b.mu.Unlock()
	if !final {
		sendCredit(b.link, b.id, b.unacked)
	}
	b.unacked = 0
}

// next waits for a piece.
func (b *requestBody) next() error {
	for {
		b.mu.Lock()
		switch {
		case b.err != nil:
			b.mu.Unlock()
			return b.err
		case len(b.queue) > 0:
			b.piece = b.queue.pop()
			b.mu.Unlock()
			return nil
		case b.final:
			b.mu.Unlock()
			return io.EOF
		}
		b.mu.Unlock()
		<-b.wake
	}
}
