package pool

import (
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// Receiver takes the frames that a daemon sends on one stream: Data and Credit,
// and at the end exactly one Final or Fail. The read loop of the daemon calls
// it, one frame after another. It must not block. The payload is valid during
// the call only.
type Receiver interface {
	Receive(k mux.Kind, payload []byte)
}

// stream is the state of one request, as far as the pool needs it to detect a
// stuck daemon.
type stream struct {
	recv     Receiver
	lastSign time.Duration // pool time of the last sign of life
	timeout  time.Duration // the longest engine time
	credit   int           // bytes that the daemon may still send
	sent     int           // bytes sent to the daemon for which it has not granted credit again
	complete bool          // the complete request has been sent
}

// waitsForDaemon reports whether the stream waits for its daemon, not for its
// client: the daemon may send, and it has all of the request or enough to
// continue. A reading daemon grants credit in steps of half a window.
func (s *stream) waitsForDaemon() bool {
	return s.credit > 0 && (s.complete || s.sent >= mux.Window/2)
}

// stalledAfter is longer than a control plane waits for a client that does not
// read.
const stalledAfter = 90 * time.Second

// maxStreams and maxUnread bound what the node keeps for a daemon that does not
// answer or does not read. A working daemon refuses requests earlier.
const (
	maxStreams = 1024
	maxUnread  = 32 << 20
)

// Open starts a stream on the daemon. payload is the request or its first part.
// timeout is the longest engine time that the request asks for; zero is the
// node's own limit. ok is false when the daemon is closing: the caller then
// gets another one.
func (d *Daemon) Open(k mux.Kind, payload []byte, timeout time.Duration, recv Receiver) (id uint32, ok bool) {
	now := d.pool.now()
	d.mu.Lock()
	if d.closing {
		d.mu.Unlock()
		return 0, false
	}
	d.last++
	for d.last == 0 || d.streams[d.last] != nil {
		d.last++
	}
	id = d.last
	d.streams[id] = &stream{recv: recv, lastSign: now, timeout: max(timeout, d.pool.cfg.StatementTimeout), credit: mux.Window, complete: k == mux.OpenFinal}
	d.idle = 0
	d.mu.Unlock()
	d.conn.Send(k, id, payload)
	return id, true
}

// Cork holds frames back until Uncork, so that the daemon wakes up once for
// several frames.
func (d *Daemon) Cork() { d.conn.Cork() }

// Uncork sends the frames that Cork has held back.
func (d *Daemon) Uncork() { d.conn.Uncork() }

// Send forwards a frame of an open stream. It drops the frame when the stream
// has ended.
func (d *Daemon) Send(k mux.Kind, id uint32, payload []byte) {
	d.mu.Lock()
	s := d.streams[id]
	if s != nil {
		s.lastSign = d.pool.now()
		if n, ok := mux.CreditOf(payload); ok && k == mux.Credit {
			s.credit += n
		}
		if k == mux.Data || k == mux.Final {
			s.sent += len(payload)
		}
		s.complete = s.complete || k == mux.Final
	}
	d.mu.Unlock()
	if s != nil {
		d.conn.Send(k, id, payload)
	}
}

// receive passes a frame of the daemon to its stream.
func (d *Daemon) receive(f mux.Frame) {
	now := d.pool.now()
	d.mu.Lock()
	s := d.streams[f.Stream]
	if s == nil {
		d.mu.Unlock()
		return
	}
	if f.Kind == mux.Data || f.Kind == mux.Final {
		if s.credit -= len(f.Payload); s.credit < 0 {
			d.mu.Unlock()
			d.kill("it sent more than it had credit for")
			return
		}
	}
	switch f.Kind {
	case mux.Final, mux.Fail:
		d.answered = true
		delete(d.streams, f.Stream)
		if len(d.streams) == 0 {
			d.idle = now
			if d.replacedAt > 0 {
				d.closing = true
				defer d.conn.Close()
			}
		}
	case mux.Data:
		s.lastSign = now
	case mux.Credit:
		n, ok := mux.CreditOf(f.Payload)
		if s.sent -= n; !ok || n == 0 || s.sent < 0 {
			d.mu.Unlock()
			d.kill("it granted more credit than it had received data")
			return
		}
	default:
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	s.recv.Receive(f.Kind, f.Payload)
}

// state reports whether the daemon is closing, or else has no room for another
// request.
func (d *Daemon) state() (closing, full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closing, !d.closing && (len(d.streams) >= maxStreams || d.conn.PendingBytes() > maxUnread)
}

// idleSince is the pool time of the end of the last request; 0 while the daemon
// is busy or closing.
func (d *Daemon) idleSince() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closing {
		return 0
	}
	return d.idle
}

// stuck reports whether a stream that waits for the daemon has had no sign of
// life for too long.
func (d *Daemon) stuck(now time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.streams {
		if d.limitsFixed && s.waitsForDaemon() && now-s.lastSign > 2*s.timeout+closeGrace {
			return true
		}
	}
	return false
}

// cancelStalled cancels streams whose clients have not read for stalledAfter,
// longer than a connected client can be. Each of them occupies a reader of its
// database.
func (d *Daemon) cancelStalled(now time.Duration) {
	var ids []uint32
	d.mu.Lock()
	for id, s := range d.streams {
		if s.credit <= 0 && now-s.lastSign > stalledAfter {
			s.lastSign = now
			ids = append(ids, id)
		}
	}
	d.mu.Unlock()
	for _, id := range ids {
		d.conn.Send(mux.Cancel, id, nil)
	}
}

// failStreams ends all open streams with an error.
func (d *Daemon) failStreams(err error) {
	d.mu.Lock()
	d.closing = true
	streams := d.streams
	d.streams = map[uint32]*stream{}
	d.mu.Unlock()
	if len(streams) == 0 {
		return
	}
	payload := errs.Marshal(err)
	for _, s := range streams {
		s.recv.Receive(mux.Fail, payload)
	}
}
