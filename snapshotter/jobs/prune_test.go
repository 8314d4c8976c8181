package jobs

import (
	"testing"
	"time"

	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// N6, N9: which older snapshots are pruned, by the number of places beside the
// new one. Lists are newest first.
func TestSurplus(t *testing.T) {
	for _, c := range []struct {
		name, list string
		places     int
		previous   string
		want       string
	}{
		{"room", "cba", 5, "", ""},
		{"just full", "cba", 3, "", ""},
		{"one too many", "dcba", 3, "", "a"},
		{"only the new one", "cba", 0, "", "cba"},
		{"nothing before", "", 0, "", ""},
		{"the state before is the oldest", "dcba", 3, "a", "b"},
		{"the state before is new", "dcba", 3, "d", "a"},
		{"the state before has gone", "dcba", 3, "x", "a"},
		{"no place for the state before", "cba", 0, "b", "cba"},
		{"one place", "cba", 1, "a", "cb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []bucket.Object
			for _, r := range c.list {
				list = append(list, bucket.Object{ID: string(r)})
			}
			got := ""
			for _, o := range surplus(list, c.places, c.previous) {
				got += o.ID
			}
			if got != c.want {
				t.Errorf("%q go, not %q", got, c.want)
			}
		})
	}
}

// Stores round dates to seconds: a snapshot made in the same second as its
// database belongs to it.
func TestIsVisible(t *testing.T) {
	made := time.Date(2026, 1, 1, 10, 0, 0, 900, time.UTC)
	at := func(d time.Duration) bucket.Object {
		return bucket.Object{ModifiedAt: made.Truncate(time.Second).Add(d)}
	}
	if !IsVisible(at(0), made) || !IsVisible(at(time.Hour), made) || !IsVisible(at(0), time.Time{}) || IsVisible(at(-time.Second), made) {
		t.Error("a snapshot is taken for one of another database")
	}
}
