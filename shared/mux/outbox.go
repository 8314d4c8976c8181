package mux

import (
	"runtime"
	"sync"
	"time"
)

// Link sends frames to one peer, in the order of the calls. Send copies the
// payload and does not wait for the peer; a frame for a peer that is gone is
// dropped, and whoever owns the link learns of it elsewhere. Links are safe
// for concurrent use.
type Link interface {
	Send(k Kind, stream uint32, payload []byte)
}

// Outbox collects frames and hands them on in batches of whole frames, at
// most MaxFrame bytes each unless a single frame is larger.
//
// Whoever adds a frame while nobody is writing becomes the writer, so a lone
// request costs no hand-over. When frames come quickly, it lets other runnable
// goroutines go first before it writes, so requests that wait at the same
// moment share a batch.
type Outbox struct {
	// try writes what it can without waiting and gives what is left; finish,
	// on a goroutine of its own, writes that. One goroutine at a time calls
	// them. Only if try says so does it keep the batch.
	try    func(batch []byte) (rest []byte, kept bool)
	finish func(rest []byte)

	mu           sync.Mutex
	complete     [][]byte // batches that are complete
	current      []byte   // the batch being filled
	spare        []byte   // an emptied batch to fill next
	pendingBytes int      // bytes in complete and current
	writing      bool
	corks        int // by how many Cork
	closed       bool
	lastWrite    time.Time // when somebody became the writer
}

// yieldWithin is how soon frames follow one another when yielding to other
// goroutines is worth it: it wakes an idle thread, and for a lone request
// that costs more than its write.
const yieldWithin = 60 * time.Microsecond

// maxSpare is the largest batch buffer kept for reuse while nothing is sent.
const maxSpare = 128 << 10

// NewOutbox makes an outbox whose write takes every batch whole and without
// waiting for the peer. If write says that it keeps the batch, it is its own
// from then on; else it is filled again.
func NewOutbox(write func(batch []byte) (kept bool)) *Outbox {
	return &Outbox{try: func(batch []byte) ([]byte, bool) { return nil, write(batch) }}
}

// NewWaitingOutbox makes an outbox for a channel that may be full: try writes
// what it can at once and returns the rest, which finish then writes in the
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

// Cork keeps frames back until Uncork, for one who is about to send several
// and need not wait for anything in between. Both may be called concurrently.
func (o *Outbox) Cork() {
	o.mu.Lock()
	o.corks++
	o.mu.Unlock()
}

// Uncork ends a Cork.
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

// next takes the oldest batch; nil when there is none or the box is closed.
func (o *Outbox) next() []byte {
	if o.closed {
		return nil
	}
	if len(o.complete) > 0 {
		batch := o.complete[0]
		o.complete[0] = nil // else the array keeps every batch of a jam alive
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

// PendingBytes is how many bytes of frames nobody has begun to write yet.
func (o *Outbox) PendingBytes() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pendingBytes
}

// Close drops what is not written and everything sent later. It does not wait
// for a write that is under way.
func (o *Outbox) Close() {
	o.mu.Lock()
	o.closed, o.complete, o.current, o.spare, o.pendingBytes = true, nil, nil, nil, 0
	o.mu.Unlock()
}
