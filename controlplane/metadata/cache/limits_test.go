package cache_test

import (
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
)

// Limits are remembered with their database, so that a warm query costs no
// look-up of them. Invalidating the database forgets them.
func TestLimitsAreRememberedWithTheDatabase(t *testing.T) {
	s := newShares()
	c := newSharing(t, s, nil)
	heap := func() int64 {
		t.Helper()
		got, err := c.DatabaseFor(t.Context(), shared.Path, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got.Database.Limits == nil {
			return 0
		}
		n, _ := got.Database.Limits.Database.Get(limits.HeapBytes)
		return n
	}
	set := func(n int64) {
		d := shared
		d.Limits = &limits.Overrides{}
		d.Limits.Database.Set(limits.HeapBytes, n)
		s.memory.mu.Lock()
		defer s.memory.mu.Unlock()
		s.databases[d.Path] = d
	}
	set(5)
	for range 3 {
		if n := heap(); n != 5 {
			t.Errorf("got %d", n)
		}
	}
	if n := s.lookups.Load(); n != 1 {
		t.Errorf("%d look-ups", n)
	}
	set(6)
	if n := heap(); n != 5 { // from memory, or the test would prove nothing
		t.Errorf("got %d", n)
	}
	for i, forget := range []func(){func() { c.InvalidateDatabase(shared.Path) }, c.InvalidateAll} {
		set(int64(10 + i))
		forget()
		if n := heap(); n != int64(10+i) {
			t.Errorf("got %d after a change", n)
		}
	}
}
