package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/errs"
)

func to(s string) meta.Change[*string] { return meta.Change[*string]{Set: true, To: &s} }

func wantProfile(t *testing.T, s *store.Store, want meta.Profile) {
	t.Helper()
	e, err := s.EntityBySlug(t.Context(), "alice")
	must(t, err)
	if !reflect.DeepEqual(e.Profile, want) {
		t.Errorf("got %+v, want %+v", e.Profile, want)
	}
}

// A11: texts of any length are stored by both databases.
func profile(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, _ := entity(t, s, "alice"), entity(t, s, "bob")
	long := strings.Repeat("ä", 1000)
	links := []meta.Link{{URL: "http://ayb.host/,http://ayb2.host?a=1&b=<2>"}, {URL: "https://a.example/", Verified: true}}
	name, empty := "Alice", ""
	must(t, s.UpdateProfile(ctx, alice.ID, meta.ProfileUpdate{
		DisplayName: to(name), Description: to(long), Organization: to(empty),
		Links: meta.Change[[]meta.Link]{Set: true, To: links},
	}))
	want := meta.Profile{DisplayName: &name, Description: &long, Organization: &empty, Links: links}
	wantProfile(t, s, want)
	must(t, s.UpdateProfile(ctx, alice.ID, meta.ProfileUpdate{
		Description: meta.Change[*string]{Set: true}, Location: to(long),
	}))
	want.Description, want.Location = nil, &long
	wantProfile(t, s, want)
	must(t, s.UpdateProfile(ctx, alice.ID, meta.ProfileUpdate{Links: meta.Change[[]meta.Link]{Set: true}}))
	want.Links = nil
	wantProfile(t, s, want)
	must(t, s.UpdateProfile(ctx, alice.ID, meta.ProfileUpdate{}))
	wantProfile(t, s, want)
	if bob, err := s.EntityBySlug(ctx, "bob"); err != nil || !reflect.DeepEqual(bob.Profile, meta.Profile{}) {
		t.Errorf("another profile changed: %+v, %v", bob, err)
	}
	wantCode(t, s.UpdateProfile(ctx, 999, meta.ProfileUpdate{Location: to("x")}), errs.NotFound)
	for _, bad := range []string{"zero\x00byte", "\xff"} {
		wantCode(t, s.UpdateProfile(ctx, alice.ID, meta.ProfileUpdate{Location: to(bad)}), errs.Invalid)
	}
	wantProfile(t, s, want)
}

// Updates of different fields at the same time are all kept.
func profileRace(t *testing.T, s *store.Store) {
	alice := entity(t, s, "alice")
	var wg sync.WaitGroup
	texts := []string{"name", "description", "organization", "location"}
	for i := range 24 {
		wg.Go(func() {
			text := to(texts[i%4])
			var u meta.ProfileUpdate
			*[]*meta.Change[*string]{&u.DisplayName, &u.Description, &u.Organization, &u.Location}[i%4] = text
			if err := s.UpdateProfile(context.Background(), alice.ID, u); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantProfile(t, s, meta.Profile{DisplayName: &texts[0], Description: &texts[1], Organization: &texts[2], Location: &texts[3]})
}

func verifyLinks(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	set := func(urls ...string) (list []meta.Link) {
		for _, u := range urls {
			list = append(list, meta.Link{URL: u})
		}
		must(t, s.UpdateProfile(ctx, alice.ID, meta.ProfileUpdate{Links: meta.Change[[]meta.Link]{Set: true, To: list}}))
		return list
	}
	verify := func(list []meta.Link, want bool) {
		t.Helper()
		if got, err := s.VerifyLinks(ctx, alice.ID, list); err != nil || got != want {
			t.Errorf("stored %v, %v", got, err)
		}
	}
	old := set("https://a.example/", "https://b.example/")
	old[1].Verified = true
	verify(old, true)
	wantProfile(t, s, meta.Profile{Links: old})
	verify(old, true) // a verified link is the same link

	newer := set("https://a.example/", "https://c.example/")
	verify(old, false)
	wantProfile(t, s, meta.Profile{Links: newer})
	swapped := slices.Clone(newer)
	slices.Reverse(swapped)
	verify(swapped, false)
	verify(newer[:1], false)
	if got, err := s.VerifyLinks(ctx, 999, old); err != nil || got {
		t.Errorf("stored %v for a missing account, %v", got, err)
	}
}

// A name that cannot be stored is NotFound, in both databases.
func badTexts(t *testing.T, s *store.Store) {
	ctx := t.Context()
	entity(t, s, "alice")
	for _, bad := range []string{"a\x00b", "\xff\xfe", "", "x' OR '1'='1", strings.Repeat("x", 1<<20)} {
		_, err := s.EntityBySlug(ctx, slug(bad))
		wantCode(t, err, errs.NotFound)
		_, err = s.Addresses(ctx, slug(bad))
		wantCode(t, err, errs.NotFound)
		_, err = s.TokenByShort(ctx, bad)
		wantCode(t, err, errs.NotFound)
		for _, path := range []string{bad + "/d", "alice/" + bad} {
			_, err = s.DatabaseByPath(ctx, pathOf(path))
			wantCode(t, err, errs.NotFound)
		}
		err = s.RevokeToken(ctx, 1, bad, now)
		if code := errs.CodeOf(err); code != errs.NotFound && code != errs.Invalid {
			t.Errorf("revoke %.10q: %v", bad, err)
		}
	}
	if e, err := s.EntityBySlug(ctx, "alice"); err != nil || e.Slug != "alice" {
		t.Error(fmt.Sprint(e), err)
	}
}
