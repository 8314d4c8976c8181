// Package stream sends an answer to a client as it arrives: in the format and
// the compression that the client asks for, with a deadline for each piece, and
// with a status for every error that occurs before the first byte.
package stream

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
	// holdBytes and holdTime bound the first part of an answer that is buffered:
	// an error during that time still gets its status.
	holdBytes = 1 << 20
	holdTime  = 50 * time.Millisecond
	// stallTime is the longest time for one piece. It is bounded because a stream
	// pins a reader on the node.
	stallTime = 60 * time.Second
	// pieceBytes is the size of a piece: a client must read it within stallTime.
	pieceBytes = 64 << 10
)

// Answer is an answer that arrives in chunks. Next returns the next chunk, and
// whether it is the last; a chunk is valid until the next call.
type Answer interface {
	Next(ctx context.Context) (chunk []byte, last bool, err error)
	Close()
}

// Options describe how an answer is sent.
type Options struct {
	ContentType []string
	Coding      string // the compression; empty for none
	Pool        *Compressors
	// LastLine returns the line that reports an error after the first byte was
	// sent. It is nil for answers that do not consist of lines.
	LastLine func(error) []byte
	// Attachment is the Content-Disposition of an answer that is a file.
	Attachment string
	// Remarks says that the answer may end with remarks.
	Remarks bool
}

// SetHeaders sets the headers that describe the answer.
func (o Options) SetHeaders(h http.Header) {
	h["Content-Type"] = o.ContentType
	if o.Attachment != "" {
		h["Content-Disposition"] = []string{o.Attachment}
	}
}

// ExtendDeadline extends the write deadline by the time for one piece. Handlers call it before a late answer. Recorders of tests have no
// deadlines; real connections do.
func ExtendDeadline(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stallTime))
}

// Copy copies an answer to the client and closes it. An error before the first
// byte was sent is returned. A later one is reported by Options.LastLine, or else
// the connection is closed, so that the client sees an incomplete body.
//
// The request's context ends when the client goes away, and with it Next.
func Copy(w http.ResponseWriter, r *http.Request, answer Answer, o Options) error {
	defer answer.Close() // this ends a statement that still runs
	return copyAnswer(w, r, answer, o, holdTime)
}

// copyAnswer buffers what arrives within hold, or the first holdBytes, before it
// sends anything.
func copyAnswer(w http.ResponseWriter, r *http.Request, answer Answer, o Options, hold time.Duration) error {
	chunk, last, err := answer.Next(r.Context())
	if err != nil {
		return err
	}
	out := &output{w: w, rc: http.NewResponseController(w), Options: o}
	chunk = out.takeRemarks(chunk, last)
	if last {
		out.sendAll(chunk)
		return nil
	}
	out.held = bytes.Clone(chunk)
	timer := time.AfterFunc(hold, out.release)
	defer timer.Stop()
	defer out.finish()
	for !last {
		if chunk, last, err = answer.Next(r.Context()); err != nil {
			return out.fail(r.Context(), err)
		}
		if out.add(chunk, last) != nil {
			panic(http.ErrAbortHandler) // the client does not read it
		}
	}
	return nil
}

// Send sends an answer that is complete in memory.
func Send(w http.ResponseWriter, body []byte, o Options) {
	out := output{w: w, rc: http.NewResponseController(w), Options: o}
	out.sendAll(body)
}

// output is an answer that is being sent. Its first part is buffered until the
// buffer is full or the timer fires; then every chunk is sent at once.
type output struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	Options

	mu       sync.Mutex
	held     []byte
	pending  []byte     // the end of the data, which may be remarks
	packer   compressor // nil for an uncompressed stream
	inLine   bool       // the last byte sent did not end a line
	started  bool
	finished bool
	err      error // of a write by the timer
}

// sendAll sends an answer of known length. It closes the connection of a client
// that does not read it.
func (o *output) sendAll(body []byte) {
	h := o.w.Header()
	o.SetHeaders(h)
	if o.Coding != "" {
		if packed, ok := o.Pool.pack(o.Coding, body); ok {
			h.Set("Content-Encoding", o.Coding)
			body = packed
		}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if _, err := o.Write(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// add accepts the next chunk. The error is of a write to the client.
func (o *output) add(chunk []byte, last bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	chunk = o.takeRemarks(chunk, last)
	switch {
	case o.err != nil:
		return o.err
	case o.started && last:
		return o.sendLast(chunk)
	case o.started:
		return o.send(chunk)
	}
	o.held = append(o.held, chunk...)
	if last {
		o.sendAll(o.held)
		return nil
	}
	if len(o.held) >= holdBytes {
		return o.start()
	}
	return nil
}

// maxRemarks is the largest size of remarks, in bytes: at most so much of an
// answer is held back.
const maxRemarks = 64 << 10

// takeRemarks removes the remarks from the end of the answer and puts them into a
// header, or into a trailer once the headers are sent. It returns the data that
// may be sent. Remarks may be spread over several chunks.
func (o *output) takeRemarks(chunk []byte, last bool) []byte {
	if !o.Remarks || len(o.pending) == 0 && daemonapi.RemarksAt(chunk) < 0 {
		return chunk
	}
	o.pending = append(o.pending, chunk...)
	i := daemonapi.RemarksAt(o.pending)
	if i < 0 || len(o.pending)-i > maxRemarks {
		i = len(o.pending)
	}
	data, rest := o.pending[:i:i], o.pending[i:]
	if !last {
		o.pending = bytes.Clone(rest)
		return data
	}
	sentences, ok := daemonapi.UnpackRemarks(rest)
	if !ok {
		return o.pending
	}
	name := httpapi.RemarksHeader
	if o.started {
		name = http.TrailerPrefix + name
	}
	o.w.Header().Set(name, httpapi.EncodeRemarks(sentences))
	return data
}

// release sends the buffered part when the timer fires.
func (o *output) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.started && !o.finished {
		o.err = o.start()
	}
}

// finish prevents a write by a late timer, and returns the compressor.
func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	if o.packer != nil {
		o.Pool.put(o.Coding, o.packer)
		o.packer = nil
	}
}

// fail returns the error if nothing has been sent. Otherwise it sends the last
// line, or closes the connection.
func (o *output) fail(ctx context.Context, err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	if !o.started {
		return err
	}
	if o.LastLine == nil || o.err != nil || ctx.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	line := o.LastLine(err)
	if o.inLine { // an incomplete row stays a line of its own, and is no valid JSON
		line = append([]byte{'\n'}, line...)
	}
	if o.sendLast(line) != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// start sends the headers and the buffered part.
func (o *output) start() error {
	o.started = true
	h := o.w.Header()
	o.SetHeaders(h)
	if o.Coding != "" {
		if o.packer = o.Pool.get(o.Coding, o); o.packer != nil {
			h.Set("Content-Encoding", o.Coding)
		}
	}
	held := o.held
	o.held = nil
	return o.send(held)
}

// send sends a chunk at once, so that a slow result arrives row by row.
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

// sendLast sends the last chunk, and extends the deadline for the end of the body that
// net/http writes.
func (o *output) sendLast(b []byte) error {
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

// Write writes in pieces with a deadline for each: a slow client has enough time,
// and a client that stopped reading is noticed.
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

// extend sets the deadline of the next write. Recorders of tests have no
// deadlines; real connections do.
func (o *output) extend() { _ = o.rc.SetWriteDeadline(time.Now().Add(stallTime)) }
