package pool

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Pitfall S12, processor time: who computes much gives way, who stops is served
// at once again, and who gets nothing because the machine is full is not left
// with nothing.
func TestWhoYieldsS12(t *testing.T) {
	lots, some, bit, none := use{spent: tick}, use{spent: tick * 3 / 10}, use{spent: tick / 100}, use{}
	slow, starved := use{tick / 10, true}, use{tick / 100, true}
	tests := []struct {
		name string
		used []use // of alice, tick by tick
		want []string
	}{
		{"short queries", []use{bit, bit, some, bit}, nil},
		{"a long one", []use{bit, lots, lots}, []string{"1 true", "2 true"}},
		{"a long one on a busy machine", []use{none, slow, slow}, []string{"1 true", "2 true"}},
		{"a long one that waits for something else", []use{starved, starved}, nil},
		{"its end", []use{lots, none, none, none, none, none}, []string{"0 true", "3 false"}},
		{"a short rest", []use{lots, none, none, lots, none, none}, []string{"0 true", "3 true"}},
		{"middling keeps it", []use{lots, some, some, some, some, none, none}, []string{"0 true"}},
		{"left with nothing by others", []use{lots, starved, starved, starved, slow, starved}, []string{"0 true", "3 false", "4 true"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			y, now := yielding{}, 0
			var got []string
			for i, u := range test.used {
				now = i
				y.step(map[ayb.EntitySlug]use{"alice": u, "bob": bit}, func(owner ayb.EntitySlug, yes bool) {
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
	y.step(map[ayb.EntitySlug]use{"alice": {spent: tick}}, func(ayb.EntitySlug, bool) {})
	for range calmTicks {
		y.step(nil, func(ayb.EntitySlug, bool) {})
	}
	if len(y) != 0 {
		t.Errorf("kept %v", y)
	}
}
