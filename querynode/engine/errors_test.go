package engine

import (
	"testing"
	"time"
)

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{30 * time.Second: "30 s", 1500 * time.Millisecond: "1.5 s", 200 * time.Millisecond: "200 ms", 2 * time.Minute: "120 s"} {
		if got := DurationText(d); got != want {
			t.Errorf("%v is %q", d, got)
		}
	}
}
