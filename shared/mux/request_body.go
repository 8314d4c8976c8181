package mux

import (
	"bytes"
	"io"
	"sync"
)

// requestBody is the rest of a request on its way: what has come and was not read
// yet, at most a Window of it.
type requestBody struct {
	link Link
	id   uint32

	mu      sync.Mutex
	allowed int // what the client may still send
	queue   pieceQueue
	final   bool
	err     error
	wake    chan struct{}

	piece   []byte // of the queue, being read; Read's only
	unacked int    // bytes read and not yet granted again; Read's only
}

func newRequestBody(link Link, id uint32) *requestBody {
	return &requestBody{link: link, id: id, allowed: Window, wake: make(chan struct{}, 1)}
}

// push takes a copy of the next piece; false when the client had no credit
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

// fail ends the body for its reader; what has come by then is lost.
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

// grant lets the client send as much again as has been read.
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
