package mux

import (
	"runtime"
	"sync"
	"time"
)

// Link sends frames to one peer, in the order of the calls. Send copies the
// payload and does not wait for the peer. Frames for a peer that is gone are
// dropped; the owner of the link learns of that elsewhere. Links are safe for
// concurrent use.
type Link interface {
	Send(k Kind, stream uint32, payload []byte)
}

// Outbox collects frames and writes them in batches of complete frames. A batch
// has at most MaxFrame bytes, unless a single frame is larger.
//
// The goroutine that adds a frame writes it if there is no other writer, so a
// lone request needs no other goroutine. When frames follow quickly, the writer
// first lets other runnable goroutines run, so that requests that wait at the
// same moment share a batch.
type Outbox struct {
	// try writes as much as it can without waiting and returns the rest. finish
	// writes that rest on a goroutine of its own. Only one goroutine at a time
	// calls them. The batch belongs to try afterwards if it returns kept.
	try    func(batch []byte) (rest []byte, kept bool)
	finish func(rest []byte)

	mu           sync.Mutex
	complete     [][]byte // batches that are complete
	current      []byte   // the batch being filled
	spare        []byte   // an emptied batch to fill next
	pendingBytes int      // bytes in complete and current
	writing      bool
	corks        int // calls of Cork without Uncork
	closed       bool
	lastWrite    time.Time // when the last write began
}

// yieldWithin is the time between two writes below which the writer yields to
// other goroutines. Yielding wakes an idle thread, which costs a lone request
// more than its write.
const yieldWithin = 60 * time.Microsecond

// maxSpare is the size limit of a batch buffer that is kept for reuse.
const maxSpare = 128 << 10

// NewOutbox makes an outbox for a channel whose write takes every batch
// completely and does not wait. If write returns kept, the batch belongs to it;
// otherwise the outbox reuses the batch.
func NewOutbox(write func(batch []byte) (kept bool)) *Outbox {
	return &Outbox{try: func(batch []byte) ([]byte, bool) { return nil, write(batch) }}
}

// NewWaitingOutbox makes an outbox for a channel that may be full. try writes
// as much as it can at once and returns the rest; finish writes the rest in the
// background, so that Send never waits.
func NewWaitingOutbox(try func(batch []byte) (rest []byte), finish func(rest []byte)) *Outbox {
	return &Outbox{try: func(batch []byte) ([]byte, bool) { return try(batch), false }, finish: finish}
}

// Send implements Link.
func (o *Outbox) Send(k Kind, stream uint32, payload []byte) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return
	}
	if len(o.current) > 0 && len(o.current)+headerLen+len(payload) > MaxFrame {
		o.complete = append(o.complete, o.current)
		o.current = nil
	}
	if o.current == nil {
		o.current, o.spare = o.spare, nil
	}
	o.current = Append(o.current, k, stream, payload)
	o.pendingBytes += headerLen + len(payload)
	if o.writing || o.corks > 0 {
		o.mu.Unlock()
		return
	}
	o.writing = true
	now := time.Now()
	yield := now.Sub(o.lastWrite) < yieldWithin
	o.lastWrite = now
	o.mu.Unlock()
	if yield {
		runtime.Gosched()
	}
	o.drain()
}

// Cork delays frames until Uncork, for a caller that is about to send several.
// Cork and Uncork may be called concurrently; calls are counted.
func (o *Outbox) Cork() {
	o.mu.Lock()
	o.corks++
	o.mu.Unlock()
}

// Uncork ends one Cork and writes the delayed frames after the last one.
func (o *Outbox) Uncork() {
	o.mu.Lock()
	o.corks--
	if o.corks > 0 || o.writing {
		o.mu.Unlock()
		return
	}
	o.writing = true
	o.mu.Unlock()
	o.drain()
}

func (o *Outbox) drain() {
	for {
		o.mu.Lock()
		batch := o.next()
		if batch == nil {
			o.writing = false
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
		rest, kept := o.try(batch)
		if len(rest) > 0 {
			go func() {
				o.finish(rest)
				o.drain()
			}()
			return
		}
		o.mu.Lock()
		if o.spare == nil && !kept && cap(batch) <= maxSpare {
			o.spare = batch[:0]
		}
		o.mu.Unlock()
	}
}

// next removes the oldest batch and returns it, or nil if the outbox is empty
// or closed.
func (o *Outbox) next() []byte {
	if o.closed {
		return nil
	}
	if len(o.complete) > 0 {
		batch := o.complete[0]
		o.complete[0] = nil // otherwise the array would keep old batches alive
		o.complete = o.complete[1:]
		o.pendingBytes -= len(batch)
		return batch
	}
	if len(o.current) == 0 {
		return nil
	}
	batch := o.current
	o.current = nil
	o.pendingBytes -= len(batch)
	return batch
}

// PendingBytes returns the number of bytes that wait to be written.
func (o *Outbox) PendingBytes() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pendingBytes
}

// Close drops pending and later frames. It does not wait for a write in
// progress.
func (o *Outbox) Close() {
	o.mu.Lock()
	o.closed, o.complete, o.current, o.spare, o.pendingBytes = true, nil, nil, nil, 0
	o.mu.Unlock()
}
