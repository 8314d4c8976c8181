package snapshotio

import (
	"context"
	"testing"
	"time"
)

// Work in the background rests while the rest of the process computes.
func TestBackgroundRests(t *testing.T) {
	rest := func(worked, computed time.Duration) (d time.Duration) {
		inBackground(func(func(context.Context)) {
			p := pace{since: time.Now().Add(-worked), others: others() - computed}
			begin := time.Now()
			p.pause(t.Context())
			d = time.Since(begin)
		})
		return d
	}
	if d := rest(2*turn, turn); d < 2*rests*turn {
		t.Errorf("it rested %s", d)
	}
	if d := rest(time.Hour, time.Hour); d < longestRest || d > time.Minute {
		t.Errorf("after long work it rested %s", d)
	}
	if d := rest(time.Hour, 0); d > longestRest {
		t.Errorf("nothing else was done, and it rested %s", d)
	}
	if d := rest(0, time.Hour); d > longestRest {
		t.Errorf("it had done next to nothing, and rested %s", d)
	}
}
