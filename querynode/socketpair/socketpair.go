// Package socketpair carries mux frames over the socketpair between a query
// node and a daemon. Both ends use the same Conn. The daemon opens no socket:
// it inherits the descriptor.
package socketpair

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/ayb-go/ayb/shared/mux"
)

// Conn is one end. Send is safe for concurrent use and never waits for the
// other end. Run is called once.
type Conn struct {
	file *os.File
	raw  syscall.RawConn
	out  *mux.Outbox
}

const (
	readSize = 32 << 10
	// keepSize is the largest buffer that is kept while large answers arrive.
	keepSize = 4 * readSize
)

// New takes over one end of a socketpair. The file must be non-blocking.
func New(file *os.File) (*Conn, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("use the daemon's channel: %w", err)
	}
	c := &Conn{file: file, raw: raw}
	c.out = mux.NewWaitingOutbox(c.writeNow, c.finish)
	return c, nil
}

// Send implements mux.Link.
func (c *Conn) Send(k mux.Kind, stream uint32, payload []byte) { c.out.Send(k, stream, payload) }

// Cork holds frames back until Uncork, so that several are sent together.
func (c *Conn) Cork() { c.out.Cork() }

// Uncork sends the frames that Cork has held back.
func (c *Conn) Uncork() { c.out.Uncork() }

// PendingBytes is the size of the frames whose sending has not begun.
func (c *Conn) PendingBytes() int { return c.out.PendingBytes() }

// writeNow makes one write that does not wait.
func (c *Conn) writeNow(batch []byte) (rest []byte) {
	n := 0
	err := c.raw.Write(func(fd uintptr) bool {
		n = writeNow(fd, batch)
		return true
	})
	if err != nil {
		n = 0
	}
	return batch[n:]
}

// finish writes the rest and waits. Run reports a broken channel; later frames
// are dropped.
func (c *Conn) finish(rest []byte) {
	if _, err := c.file.Write(rest); err != nil {
		c.out.Close()
	}
}

// Run reads frames and passes them to handle, one after another. It returns nil
// when the other end closes, and an error when it breaks the protocol. Payloads
// are valid during the call only.
func (c *Conn) Run(handle func(mux.Frame)) error {
	buf := make([]byte, 0, readSize)
	for {
		n, err := c.file.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		rest := buf
		for {
			f, after, more, perr := mux.Parse(rest)
			if perr != nil {
				return perr
			}
			if more {
				break
			}
			handle(f)
			rest = after
		}
		buf = c.growBuffer(buf, rest)
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.ECONNRESET) {
				return nil
			}
			return fmt.Errorf("read the daemon's channel: %w", err)
		}
	}
}

// growBuffer moves the unparsed rest to the front of a buffer with space for
// more. The buffer is larger than usual while a frame needs it, or while large
// frames follow one another.
func (c *Conn) growBuffer(buf, rest []byte) []byte {
	quiet := len(buf) < readSize/2
	switch {
	case len(rest) == 0 && cap(buf) <= readSize:
		return buf[:0]
	case len(rest) < readSize/2 && (cap(buf) > keepSize || cap(buf) > readSize && quiet):
		return append(make([]byte, 0, readSize), rest...)
	case len(rest) == cap(buf):
		return append(make([]byte, 0, min(2*cap(buf), mux.MaxFrame+readSize)), rest...)
	}
	return buf[:copy(buf[:cap(buf)], rest)]
}

// Close closes this end. Run returns on both ends.
func (c *Conn) Close() {
	c.out.Close()
	_ = c.file.Close() // a second close is harmless
}
