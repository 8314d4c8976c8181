package natsbus

import "time"

// SetAckWait makes a test's queue impatient; it comes before Ensure.
func (q *Queue) SetAckWait(d time.Duration) { q.ackWait = d }

// SetAckWait is the same for lanes.
func (l *Lanes) SetAckWait(d time.Duration) { l.ackWait = d }

// SetLife makes a test's lease run out sooner; it comes before Ensure.
func (l *Lease) SetLife(d time.Duration) { l.life = d }
