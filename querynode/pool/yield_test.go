package pool

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/mux"
)

// Pitfall S12, processor time: who computes much gives way, who stops is served
// at once again, and who gets nothing because the machine is full is not left
// with nothing.
func TestWhoYieldsS12(t *testing.T) {
	lots, none := use{spent: tick}, use{}
	slow, full, starved := use{spent: tick / 10, long: true}, use{spent: 2 * tick, long: true}, use{spent: tick / 100, long: true}
	copied, beside := use{spent: tick, rests: true}, use{spent: tick, rests: true, asked: true}
	tests := []struct {
		name string
		used []use // of alice, tick by tick
		want []string
	}{
		{"many short queries", []use{lots, lots, lots, lots}, nil},
		{"a long one", []use{none, full, full}, []string{"1 true", "2 true"}},
		{"a long one on a busy machine", []use{none, slow, slow}, []string{"1 true", "2 true"}},
		{"a copy", []use{copied, copied}, []string{"0 true", "1 true"}},
		{"a copy beside queries", []use{beside, beside}, nil},
		{"a copy beside a long one", []use{{spent: tick, rests: true, asked: true, long: true}}, []string{"0 true"}},
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
	y.step(map[ayb.EntitySlug]use{"alice": {spent: tick, long: true}}, func(ayb.EntitySlug, bool) {})
	for range calmTicks {
		y.step(nil, func(ayb.EntitySlug, bool) {})
	}
	if len(y) != 0 {
		t.Errorf("kept %v", y)
	}
}

// Work that rests by itself is told apart from a long statement, and queries
// from both, also those that are through when somebody looks.
func TestLookAtStreams(t *testing.T) {
	open := func(rests bool) *stream { return &stream{recv: resting(rests), credit: 1, whole: true} }
	d := &Daemon{streams: map[uint32]*stream{}, last: 3, looked: 3}
	look := func(now int) (u use) {
		d.look(longTime+time.Duration(now), &u)
		return u
	}
	if got := look(1); got != (use{}) {
		t.Errorf("nothing: %+v", got)
	}
	d.streams[3] = open(true)
	if got := look(0); got != (use{}) {
		t.Errorf("a copy that has just begun: %+v", got)
	}
	if got := look(1); got != (use{rests: true}) {
		t.Errorf("a copy: %+v", got)
	}
	d.last += 7
	if got := look(1); got != (use{rests: true, asked: true}) {
		t.Errorf("a copy beside queries that are through: %+v", got)
	}
	if got := look(1); got != (use{rests: true}) {
		t.Errorf("a copy after queries: %+v", got)
	}
	d.streams[2] = open(false)
	if got := look(1); got != (use{rests: true, asked: true, long: true}) {
		t.Errorf("a copy beside a long query: %+v", got)
	}
}

// resting is a receiver of nothing.
type resting bool

func (resting) Receive(mux.Kind, []byte) {}

func (r resting) Rests() bool { return bool(r) }
