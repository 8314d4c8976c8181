package pool

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Pitfall S12, processor time: who computes much gives way, who stops is served
// at once again, and who gets nothing because the machine is full is not left
// with nothing.
func TestWhoYieldsS12(t *testing.T) {
	const lots, some, bit = tick, tick * 3 / 10, tick / 100
	tests := []struct {
		name string
		used []time.Duration // of alice, tick by tick
		want []string
	}{
		{"short queries", []time.Duration{bit, bit, some, bit}, nil},
		{"a long one", []time.Duration{bit, lots, lots}, []string{"1 true", "2 true"}},
		{"and its end", []time.Duration{lots, 0, 0, 0, 0, 0}, []string{"0 true", "3 false"}},
		{"a short rest", []time.Duration{lots, 0, 0, lots, 0, 0}, []string{"0 true", "3 true"}},
		{"middling keeps it", []time.Duration{lots, some, some, some, some, 0, 0}, []string{"0 true"}},
		{"left with nothing by others", []time.Duration{lots, bit, bit, bit, lots}, []string{"0 true", "3 false", "4 true"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			y, now := yielding{}, 0
			var got []string
			for i, d := range test.used {
				now = i
				y.step(map[ayb.EntitySlug]time.Duration{"alice": d, "bob": bit}, func(owner ayb.EntitySlug, yes bool) {
					if owner != "alice" {
						t.Errorf("%s at %d", owner, now)
					}
					got = append(got, fmt.Sprint(now, " ", yes))
				})
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// An account whose daemons have all ended is forgotten.
func TestYieldingForgets(t *testing.T) {
	y := yielding{}
	y.step(map[ayb.EntitySlug]time.Duration{"alice": tick}, func(ayb.EntitySlug, bool) {})
	for range calmTicks {
		y.step(nil, func(ayb.EntitySlug, bool) {})
	}
	if len(y) != 0 {
		t.Errorf("kept %v", y)
	}
}
