package snapshotio

import (
	"context"
	"testing"
	"time"
)

// Throttled work pauses while the rest of the process computes.
func TestThrottle(t *testing.T) {
	rest := func(worked, computed time.Duration) (d time.Duration) {
		runThrottled(func(func(context.Context)) {
			p := throttle{since: time.Now().Add(-worked), others: othersTime() - computed}
			begin := time.Now()
			p.wait(t.Context())
			d = time.Since(begin)
		})
		return d
	}
	if d := rest(2*workSlice, workSlice); d < 2*pauseFactor*workSlice {
		t.Errorf("it rested %s", d)
	}
	if d := rest(time.Hour, time.Hour); d < maxPause || d > time.Minute {
		t.Errorf("after long work it rested %s", d)
	}
	if d := rest(time.Hour, 0); d > maxPause {
		t.Errorf("nothing else was done, and it rested %s", d)
	}
	if d := rest(0, time.Hour); d > maxPause {
		t.Errorf("it had done next to nothing, and rested %s", d)
	}
}
