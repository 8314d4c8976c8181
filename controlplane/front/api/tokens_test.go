package api

import (
	"testing"
	"time"
)

func TestTimeText(t *testing.T) {
	base := time.Date(2026, 3, 15, 16, 25, 56, 0, time.FixedZone("", 3600))
	for add, want := range map[time.Duration]string{
		0: "2026-03-15 15:25:56", 5 * time.Millisecond: "2026-03-15 15:25:56.005", 706720 * time.Microsecond: "2026-03-15 15:25:56.706720",
	} {
		if got := timeText(base.Add(add)); *got != want {
			t.Errorf("got %s, want %s", *got, want)
		}
	}
	if timeText(time.Time{}) != nil {
		t.Error("no time is a text")
	}
}
