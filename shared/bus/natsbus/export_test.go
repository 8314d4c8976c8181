package natsbus

import "time"

// SetAckWait makes a test's queue impatient; it comes before Ensure.
func (q *Queue) SetAckWait(d time.Duration) { q.ackWait = d }
