package natsbus

import (
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/mux"
)

// SetAckWait shortens the time of a queue until redelivery. It must precede Ensure.
func (q *Queue) SetAckWait(d time.Duration) { q.ackWait = d }

// SetAckWait is the same for a partitioned queue.
func (q *PartitionedQueue) SetAckWait(d time.Duration) { q.ackWait = d }

// SetLife shortens the life of a lease. It must precede Ensure.
func (l *Lease) SetLife(d time.Duration) { l.life = d }

// TakeAfterEnd passes a batch to an acceptor that was found before its end.
func (c *Conn) TakeAfterEnd(subject string, accept func(mux.Link) bus.Peer) (taken bool, err error) {
	a, err := c.newAcceptor(subject, accept)
	if err != nil {
		return false, err
	}
	a.close()
	return a.handle("inbox", mux.Append(nil, mux.OpenFinal, 1, nil), nil), nil
}

// SetKeepAlive shortens the times of keep-alives. It must precede every call.
func (c *Conn) SetKeepAlive(every, patience time.Duration) { c.keepAlive = keepAlive{every, patience} }
