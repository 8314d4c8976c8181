package pool

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/mux"
)

// Pitfall S12, processor time: who computes much gives way, who stops is served
// at once again, and who gets nothing because the machine is full is not left
// with nothing.
func TestWhoYieldsS12(t *testing.T) {
	lots, none := use{spent: tick}, use{}
	slow, full, starved := use{tick / 10, true}, use{2 * tick, true}, use{tick / 100, true}
	tests := []struct {
		name string
		used []use // of alice, tick by tick
		want []string
	}{
		{"many short queries", []use{lots, lots, lots, lots}, nil},
		{"a long one", []use{none, full, full}, []string{"1 true", "2 true"}},
		{"a long one on a busy machine", []use{none, slow, slow}, []string{"1 true", "2 true"}},
		{"a long one that waits for something else", []use{starved, starved}, nil},
		{"its end", []use{full, none, none, none, none, none}, []string{"0 true", "3 false"}},
		{"its end among short ones", []use{full, lots, lots, lots, lots}, []string{"0 true", "3 false"}},
		{"a short rest", []use{full, none, none, full, none, none}, []string{"0 true", "3 true"}},
		{"left with nothing by others", []use{full, starved, starved, starved, slow, starved}, []string{"0 true", "3 false", "4 true"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			y, now := yielding{}, 0
			var got []string
			for i, u := range test.used {
				now = i
				y.step(map[ayb.EntitySlug]use{"alice": u, "bob": lots}, func(owner ayb.EntitySlug, yes bool) {
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
	y.step(map[ayb.EntitySlug]use{"alice": {tick, true}}, func(ayb.EntitySlug, bool) {})
	for range calmTicks {
		y.step(nil, func(ayb.EntitySlug, bool) {})
	}
	if len(y) != 0 {
		t.Errorf("kept %v", y)
	}
}

// An account does not give way for work that rests by itself.
func TestRestingWorkIsNotLong(t *testing.T) {
	for _, rests := range []bool{false, true} {
		d := &Daemon{streams: map[uint32]*stream{1: {recv: resting(rests), credit: 1, whole: true}}}
		if d.long(longTime) {
			t.Error("long from the beginning")
		}
		if got := d.long(longTime + 1); got == rests {
			t.Errorf("rests %v: long %v", rests, got)
		}
	}
}

// resting is a receiver of nothing.
type resting bool

func (resting) Receive(mux.Kind, []byte) {}

func (r resting) Rests() bool { return bool(r) }
