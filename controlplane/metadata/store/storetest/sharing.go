package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func publicLevel(t *testing.T, s *store.Store) {
	alice := entity(t, s, "alice")
	d, other := database(t, s, alice, "shop"), database(t, s, alice, "other")
	for _, level := range []ayb.PublicLevel{ayb.PublicReadOnly, ayb.PublicFork, ayb.PublicFork, ayb.PublicNone} {
		must(t, s.SetPublicLevel(t.Context(), d.ID, level))
		d.Public = level
		if got, err := s.DatabaseByPath(t.Context(), d.Path); err != nil || got != d {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if got, err := s.DatabaseByPath(t.Context(), other.Path); err != nil || got != other {
		t.Errorf("another database changed: %+v, %v", got, err)
	}
	wantCode(t, s.SetPublicLevel(t.Context(), 999, ayb.PublicFork), errs.NotFound)
}

func grants(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob, carol := entity(t, s, "alice"), entity(t, s, "bob"), entity(t, s, "carol")
	d, other := database(t, s, alice, "shop"), database(t, s, alice, "other")
	set := func(e meta.Entity, level ayb.SharingLevel, after time.Duration) meta.Grant {
		g := meta.Grant{Entity: e.ID, Slug: e.Slug, Database: d.ID, Level: level, CreatedAt: now.Add(after)}
		must(t, s.SetGrant(ctx, g))
		return g
	}
	check := func(want ...meta.Grant) {
		t.Helper()
		got, err := s.GrantsOn(ctx, d.ID)
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		for _, e := range []meta.Entity{alice, bob, carol} {
			level := ayb.ShareNone
			for _, g := range want {
				if g.Entity == e.ID {
					level = g.Level
				}
			}
			if got, err := s.GrantOf(ctx, e.ID, d.ID); err != nil || got != level {
				t.Errorf("%s has %s, %v", e.Slug, got, err)
			}
		}
	}
	check()
	forCarol := set(carol, ayb.ShareReadOnly, 0)
	forBob := set(bob, ayb.ShareManager, time.Microsecond)
	check(forCarol, forBob) // the oldest first
	set(carol, ayb.ShareReadWrite, time.Hour)
	forCarol.Level = ayb.ShareReadWrite
	check(forCarol, forBob) // a new level keeps the place
	if got, err := s.GrantsOn(ctx, other.ID); err != nil || len(got) != 0 {
		t.Errorf("another database has %+v, %v", got, err)
	}
	must(t, s.RemoveGrant(ctx, carol.ID, d.ID))
	must(t, s.RemoveGrant(ctx, carol.ID, d.ID))
	check(forBob)
	forCarol = set(carol, ayb.ShareReadOnly, 2*time.Hour)
	check(forBob, forCarol) // granted again, it is the newest
	wantCode(t, s.SetGrant(ctx, meta.Grant{Entity: 999, Database: d.ID, Level: ayb.ShareManager, CreatedAt: now}), errs.NotFound)
	wantCode(t, s.SetGrant(ctx, meta.Grant{Entity: bob.ID, Database: 999, Level: ayb.ShareManager, CreatedAt: now}), errs.NotFound)
	wantCode(t, s.SetGrant(ctx, meta.Grant{Entity: bob.ID, Database: d.ID, Level: ayb.ShareNone, CreatedAt: now}), errs.Internal)
}

// P6: one statement returns a listing with the grants of the viewer.
func databasesFor(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob, carol := entity(t, s, "alice"), entity(t, s, "bob"), entity(t, s, "carol")
	var all []meta.Access // of alice, as bob sees them, newest first
	for i := range 7 {
		d := database(t, s, alice, fmt.Sprint("d", i))
		a := meta.Access{Database: d, Grant: ayb.ShareNone}
		must(t, s.SetGrant(ctx, meta.Grant{Entity: carol.ID, Database: d.ID, Level: ayb.ShareReadWrite, CreatedAt: now}))
		if levels := []ayb.SharingLevel{ayb.ShareReadOnly, ayb.ShareReadWrite, ayb.ShareManager}; i < len(levels) {
			a.Grant = levels[i]
			must(t, s.SetGrant(ctx, meta.Grant{Entity: bob.ID, Database: d.ID, Level: a.Grant, CreatedAt: now}))
		}
		all = append([]meta.Access{a}, all...)
	}
	database(t, s, bob, "own")
	got, err := s.DatabasesFor(ctx, alice.ID, bob.ID)
	must(t, err)
	if !slices.Equal(got, all) {
		t.Errorf("got %+v, want %+v", got, all)
	}
	for _, viewer := range []meta.EntityID{0, alice.ID} { // an anonymous caller and the owner have no grants
		got, err := s.DatabasesFor(ctx, alice.ID, viewer)
		must(t, err)
		for i, a := range got {
			if a.Grant != ayb.ShareNone || a.Database != all[i].Database {
				t.Errorf("viewer %d: %+v", viewer, a)
			}
		}
		if len(got) != len(all) {
			t.Errorf("viewer %d sees %d databases", viewer, len(got))
		}
	}
	shared, err := s.SharedWith(ctx, bob.ID)
	must(t, err)
	if !slices.Equal(shared, all[4:]) {
		t.Errorf("shared with bob: %+v", shared)
	}
	if none, err := s.SharedWith(ctx, alice.ID); err != nil || len(none) != 0 {
		t.Errorf("shared with alice: %+v, %v", none, err)
	}
}
