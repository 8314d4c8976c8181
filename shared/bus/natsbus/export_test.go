package natsbus

import (
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/mux"
)

// SetAckWait makes a test's queue impatient; it comes before Ensure.
func (q *Queue) SetAckWait(d time.Duration) { q.ackWait = d }

// SetAckWait is the same for lanes.
func (l *PartitionedQueue) SetAckWait(d time.Duration) { l.ackWait = d }

// SetLife makes a test's lease run out sooner; it comes before Ensure.
func (l *Lease) SetLife(d time.Duration) { l.life = d }

// TakeAfterEnd hands a batch to the end of a link that was found before it
// ended.
func (c *Conn) TakeAfterEnd(subject string, accept func(mux.Link) bus.Peer) (taken bool, err error) {
	a, err := c.newAcceptor(subject, accept)
	if err != nil {
		return false, err
	}
	a.close()
	return a.handle("inbox", mux.Append(nil, mux.OpenFinal, 1, nil), nil), nil
}

// SetSigns makes the signs of long calls quicker; it comes before any call.
func (c *Conn) SetSigns(every, patience time.Duration) { c.keepAlive = keepAlive{every, patience} }
