package pool

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/mux"
)

// Pitfall S12, processor time: an account that computes much is demoted. It has
// its share back when it stops, or when it gets no time on a full machine.
func TestDemotionS12(t *testing.T) {
	lots, none := activity{spent: tick}, activity{}
	slow, full, starved := activity{spent: tick / 10, longStatement: true}, activity{spent: 2 * tick, longStatement: true}, activity{spent: tick / 100, longStatement: true}
	copied, beside := activity{spent: tick, longBackground: true}, activity{spent: tick, longBackground: true, otherRequests: true}
	tests := []struct {
		name string
		used []activity // of alice, tick by tick
		want []string
	}{
		{"many short queries", []activity{lots, lots, lots, lots}, nil},
		{"a long one", []activity{none, full, full}, []string{"1 true", "2 true"}},
		{"a long one on a busy machine", []activity{none, slow, slow}, []string{"1 true", "2 true"}},
		{"a copy", []activity{copied, copied}, []string{"0 true", "1 true"}},
		{"a copy beside queries", []activity{beside, beside}, nil},
		{"a copy beside a long one", []activity{{spent: tick, longBackground: true, otherRequests: true, longStatement: true}}, []string{"0 true"}},
		{"a long one that waits for something else", []activity{starved, starved}, nil},
		{"its end", []activity{full, none, none, none, none, none}, []string{"0 true", "3 false"}},
		{"its end among short ones", []activity{full, lots, lots, lots, lots}, []string{"0 true", "3 false"}},
		{"a short rest", []activity{full, none, none, full, none, none}, []string{"0 true", "3 true"}},
		{"left with nothing by others", []activity{full, starved, starved, starved, slow, starved}, []string{"0 true", "3 false", "4 true"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			y, now := demotions{}, 0
			var got []string
			for i, u := range test.used {
				now = i
				y.update(map[ayb.EntitySlug]activity{"alice": u, "bob": lots}, func(owner ayb.EntitySlug, yes bool) {
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

// An account without daemons is forgotten.
func TestDemotionsForgetAccounts(t *testing.T) {
	y := demotions{}
	y.update(map[ayb.EntitySlug]activity{"alice": {spent: tick, longStatement: true}}, func(ayb.EntitySlug, bool) {})
	for range recoveryTicks {
		y.update(nil, func(ayb.EntitySlug, bool) {})
	}
	if len(y) != 0 {
		t.Errorf("kept %v", y)
	}
}

// Background work, a long statement and other requests are counted apart, and so
// are requests that ended before the watch looked.
func TestObserveStreams(t *testing.T) {
	open := func(background bool) *stream { return &stream{recv: fakeWork(background), credit: 1, complete: true} }
	d := &Daemon{streams: map[uint32]*stream{}, last: 3, lastObserved: 3}
	look := func(now int) (u activity) {
		d.observe(longRunning+time.Duration(now), &u)
		return u
	}
	if got := look(1); got != (activity{}) {
		t.Errorf("nothing: %+v", got)
	}
	d.streams[3] = open(true)
	if got := look(0); got != (activity{}) {
		t.Errorf("a copy that has just begun: %+v", got)
	}
	if got := look(1); got != (activity{longBackground: true}) {
		t.Errorf("a copy: %+v", got)
	}
	d.last += 7
	if got := look(1); got != (activity{longBackground: true, otherRequests: true}) {
		t.Errorf("a copy beside queries that are through: %+v", got)
	}
	if got := look(1); got != (activity{longBackground: true}) {
		t.Errorf("a copy after queries: %+v", got)
	}
	d.streams[2] = open(false)
	if got := look(1); got != (activity{longBackground: true, otherRequests: true, longStatement: true}) {
		t.Errorf("a copy beside a long query: %+v", got)
	}
}

// fakeWork is a receiver that drops everything.
type fakeWork bool

func (fakeWork) Receive(mux.Kind, []byte) {}

func (f fakeWork) Background() bool { return bool(f) }
