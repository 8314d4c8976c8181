package api

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const (
	// holdBytes and holdTime bound the part of an answer that waits for an
	// error that would still get its status.
	holdBytes = 1 << 20
	holdTime  = 50 * time.Millisecond
	// stallTime is how long a client may read nothing: a stream pins a reader
	// on the node.
	stallTime = 60 * time.Second
	// pieceBytes is what a client has to take within stallTime.
	pieceBytes = 64 << 10
)

// delivery is how an answer goes out.
type delivery struct {
	contentType []string
	coding      string // of the compression; empty for none
	pool        *compressors
	// lastLine, for answers that are lines, gives the one that tells of an
	// error after the first byte was sent; nil for other answers.
	lastLine func(error) []byte
	// attachment is the Content-Disposition of an answer that is a file.
	attachment string
	// remarks says that the answer may end with remarks.
	remarks bool
}

// describe says what an answer is.
func (d delivery) describe(h http.Header) {
	h["Content-Type"] = d.contentType
	if d.attachment != "" {
		h["Content-Disposition"] = []string{d.attachment}
	}
}

// output is an answer on its way to the client: held back at first, passed
// on chunk by chunk once it has been released, by its size or by the timer.
type output struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	delivery

	mu       sync.Mutex
	held     []byte
	told     []byte     // what may be remarks
	packer   compressor // of a stream that is compressed
	inLine   bool       // the last byte sent did not end a line
	started  bool
	finished bool
	err      error // of a write the timer made
}

// whole sends an answer of known length. A client that does not take it is
// given up.
func (o *output) whole(body []byte) {
	h := o.w.Header()
	o.describe(h)
	if o.coding != "" {
		if packed, ok := o.pool.pack(o.coding, body); ok {
			h.Set("Content-Encoding", o.coding)
			body = packed
		}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if _, err := o.Write(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// add takes the next chunk. The error is one of writing to the client.
func (o *output) add(chunk []byte, last bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	chunk = o.remark(chunk, last)
	switch {
	case o.err != nil:
		return o.err
	case o.started && last:
		return o.end(chunk)
	case o.started:
		return o.send(chunk)
	}
	o.held = append(o.held, chunk...)
	if last {
		o.whole(o.held)
		return nil
	}
	if len(o.held) >= holdBytes {
		return o.start()
	}
	return nil
}

// maxRemarks is how much of an answer is held back to see whether it is remarks.
const maxRemarks = 64 << 10

// remark keeps remarks, which are the end of the answer, out of its data, and
// puts them into a header or, when those have been sent, a trailer. Chunks may
// have been put together or cut on their way. It gives what is data.
func (o *output) remark(chunk []byte, last bool) []byte {
	if !o.remarks || len(o.told) == 0 && daemonapi.RemarksAt(chunk) < 0 {
		return chunk
	}
	o.told = append(o.told, chunk...)
	i := daemonapi.RemarksAt(o.told)
	if i < 0 || len(o.told)-i > maxRemarks {
		i = len(o.told)
	}
	data, rest := o.told[:i:i], o.told[i:]
	if !last {
		o.told = bytes.Clone(rest)
		return data
	}
	sentences, ok := daemonapi.UnpackRemarks(rest)
	if !ok {
		return o.told
	}
	name := httpapi.RemarksHeader
	if o.started {
		name = http.TrailerPrefix + name
	}
	o.w.Header().Set(name, httpapi.EncodeRemarks(sentences))
	return data
}

// release is the timer's: what is held has waited long enough.
func (o *output) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.started && !o.finished {
		o.err = o.start()
	}
}

// finish keeps a late timer from writing, and gives back what was lent.
func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	if o.packer != nil {
		o.pool.give(o.coding, o.packer)
		o.packer = nil
	}
}

// fail returns the error while it can still be told with a status. Afterwards
// it is told in the last line, or the connection is cut.
func (o *output) fail(ctx context.Context, err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	if !o.started {
		return err
	}
	if o.lastLine == nil || o.err != nil || ctx.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	line := o.lastLine(err)
	if o.inLine { // a row that was cut stays a line of its own, and no JSON
		line = append([]byte{'\n'}, line...)
	}
	if o.end(line) != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// start begins to stream with what was held.
func (o *output) start() error {
	o.started = true
	h := o.w.Header()
	o.describe(h)
	if o.coding != "" {
		if o.packer = o.pool.take(o.coding, o); o.packer != nil {
			h.Set("Content-Encoding", o.coding)
		}
	}
	held := o.held
	o.held = nil
	return o.send(held)
}

// send passes a chunk on at once, compressed or not: a slow result has to
// arrive as it comes.
func (o *output) send(b []byte) error {
	if err := o.put(b); err != nil {
		return err
	}
	if o.packer != nil {
		if err := o.packer.Flush(); err != nil {
			return err
		}
	}
	return o.rc.Flush()
}

// end sends the rest, and leaves time for the end of the body that net/http
// writes.
func (o *output) end(b []byte) error {
	o.extend()
	if err := o.put(b); err != nil || o.packer == nil {
		return err
	}
	return o.packer.Close()
}

func (o *output) put(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	o.inLine = b[len(b)-1] != '\n'
	if o.packer != nil {
		_, err := o.packer.Write(b)
		return err
	}
	_, err := o.Write(b)
	return err
}

// Write writes to the client in pieces, so that a slow one has time for each
// and one that has stopped reading is noticed.
func (o *output) Write(b []byte) (n int, err error) {
	for n < len(b) {
		o.extend()
		k, err := o.w.Write(b[n:min(len(b), n+pieceBytes)])
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// extend gives the client the time for one more write. Recorders of tests
// have no deadlines; real connections do.
func (o *output) extend() { _ = o.rc.SetWriteDeadline(time.Now().Add(stallTime)) }
