package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func slug(s string) ayb.EntitySlug { return ayb.EntitySlug(s) }

// pathOf parses "entity/database".
func pathOf(s string) ayb.DatabasePath {
	i := slices.Index([]byte(s), '/')
	return ayb.DatabasePath{Entity: ayb.EntitySlug(s[:i]), Database: ayb.DatabaseSlug(s[i+1:])}
}

func deleteEntity(t *testing.T, s *store.Store) {
	ctx := t.Context()
	c := code(t, s) // of alice
	alice, err := s.EntityBySlug(ctx, "alice")
	must(t, err)
	bob := entity(t, s, "bob")
	shop, other := c.Scope, database(t, s, alice, "other")
	kept := database(t, s, bob, "kept")
	must(t, s.UseOAuthCode(ctx, c.Hash, tokenFor(c, "issued"), now))
	for _, g := range []meta.Grant{
		{Entity: bob.ID, Database: shop.Database, Level: ayb.ShareManager, CreatedAt: now},
		{Entity: alice.ID, Database: kept.ID, Level: ayb.ShareReadOnly, CreatedAt: now},
	} {
		must(t, s.SetGrant(ctx, g))
	}
	onShop, onKept := meta.Scope{Database: shop.Database, Level: ayb.QueryReadOnly}, meta.Scope{Database: kept.ID, Level: ayb.QueryReadOnly}
	for _, tok := range []meta.APIToken{
		{Short: "bob-on-shop", Entity: bob.ID, Scope: &onShop, CreatedAt: now},
		{Short: "bob-on-kept", Entity: bob.ID, Scope: &onKept, CreatedAt: now},
		{Short: "alice-on-kept", Entity: alice.ID, Scope: &onKept, CreatedAt: now},
	} {
		must(t, s.CreateToken(ctx, tok))
	}

	got, err := s.DeleteEntity(ctx, alice.ID, now)
	must(t, err)
	if want := []string{"alice-on-kept", "bob-on-shop", "issued", "short-mail-alice"}; !slices.Equal(got.Tokens, want) {
		t.Errorf("tokens %v, want %v", got.Tokens, want)
	}
	if len(got.Databases) != 2 || got.Databases[0] != other || got.Databases[1].ID != shop.Database {
		t.Errorf("databases %+v", got.Databases)
	}
	_, err = s.EntityBySlug(ctx, "alice")
	wantCode(t, err, errs.NotFound)
	_, err = s.Addresses(ctx, "alice")
	wantCode(t, err, errs.NotFound)
	_, err = s.OAuthCode(ctx, c.Hash)
	wantCode(t, err, errs.NotFound)
	for _, short := range got.Tokens {
		_, err = s.TokenByShort(ctx, short)
		wantCode(t, err, errs.NotFound)
	}
	for _, d := range got.Databases {
		_, err = s.DatabaseByPath(ctx, d.Path)
		wantCode(t, err, errs.NotFound)
	}
	if list, err := s.GrantsOn(ctx, kept.ID); err != nil || len(list) != 0 {
		t.Errorf("grants %+v, %v", list, err)
	}
	if list, err := s.SharedWith(ctx, bob.ID); err != nil || len(list) != 0 {
		t.Errorf("shared with bob %+v, %v", list, err)
	}
	// The records of bob stay.
	if d, err := s.DatabaseByPath(ctx, kept.Path); err != nil || d != kept {
		t.Errorf("got %+v, %v", d, err)
	}
	if tok, err := s.TokenByShort(ctx, "bob-on-kept"); err != nil || tok.Scope.Database != kept.ID {
		t.Errorf("got %+v, %v", tok, err)
	}
	_, err = s.DeleteEntity(ctx, alice.ID, now)
	wantCode(t, err, errs.NotFound)
	// A mail from before the deletion does not create the account again. A mail
	// from the moment of the deletion does.
	old := Confirmation("alice", "alice@example.org", "old")
	old.MailIssued = now.Add(-time.Microsecond)
	wantCode(t, s.Confirm(ctx, old), errs.InvalidToken)
	_, err = s.EntityBySlug(ctx, "alice")
	wantCode(t, err, errs.NotFound)
	// Name and address are free, and the new account has no record of the old one.
	again := Confirmation("alice", "alice@example.org", "new")
	again.MailIssued = now
	must(t, s.Confirm(ctx, again))
	e, err := s.EntityBySlug(ctx, "alice")
	must(t, err)
	if e.ID == alice.ID {
		t.Error("the id of a deleted account was given again")
	}
	if list, err := s.TokensOf(ctx, e.ID, now); err != nil || len(list) != 1 {
		t.Errorf("tokens %+v, %v", list, err)
	}
	wantCode(t, s.Confirm(ctx, old), errs.InvalidToken)
	// The deletion is recorded until all mails from before have expired.
	later := Confirmation("bob", "bob@example.org", "much later")
	later.Now = now.Add(24 * time.Hour)
	later.MailIssued, later.MailExpires = later.Now.Add(-time.Minute), later.Now.Add(time.Hour)
	must(t, s.Confirm(ctx, later))
	old.MailDigest, old.Short = "old again", "old again"
	must(t, s.Confirm(ctx, old))
}

// A record that is added to an account during its deletion is deleted with it, or
// is refused.
func deleteEntityRace(t *testing.T, s *store.Store) {
	ctx := context.Background()
	for round := range 8 {
		name := fmt.Sprint("user", round)
		e, bob := entity(t, s, name), entity(t, s, fmt.Sprint("bob", round))
		d := database(t, s, e, "d")
		scope := meta.Scope{Database: d.ID, Level: ayb.QueryReadOnly}
		var wg sync.WaitGroup
		errors := make([]error, 5)
		start := make(chan struct{})
		for i, f := range []func() error{
			func() error { _, err := s.DeleteEntity(ctx, e.ID, now); return err },
			func() error {
				return s.CreateDatabase(ctx, meta.Database{Owner: e.ID, Path: pathOf(name + "/late"), Type: ayb.SQLite, Public: ayb.PublicNone, CreatedAt: now})
			},
			func() error {
				return s.CreateToken(ctx, meta.APIToken{Short: "late" + name, Entity: e.ID, CreatedAt: now})
			},
			func() error {
				return s.CreateToken(ctx, meta.APIToken{Short: "scoped" + name, Entity: bob.ID, Scope: &scope, CreatedAt: now})
			},
			func() error {
				return s.SetGrant(ctx, meta.Grant{Entity: bob.ID, Database: d.ID, Level: ayb.ShareManager, CreatedAt: now})
			},
		} {
			wg.Go(func() { <-start; errors[i] = f() })
		}
		close(start)
		wg.Wait()
		must(t, errors[0])
		for _, err := range errors[1:] {
			if err != nil {
				wantCode(t, err, errs.NotFound)
			}
		}
		for _, short := range []string{"late" + name, "scoped" + name} {
			_, err := s.TokenByShort(ctx, short)
			wantCode(t, err, errs.NotFound)
		}
		_, err := s.DatabaseByPath(ctx, pathOf(name+"/late"))
		wantCode(t, err, errs.NotFound)
		if list, err := s.SharedWith(ctx, bob.ID); err != nil || len(list) != 0 {
			t.Errorf("shared %+v, %v", list, err)
		}
	}
}

// A path is free once the files of its last database are removed.
func purgeQueue(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	a, b := database(t, s, alice, "a"), database(t, s, alice, "b")
	if list, err := s.PurgeQueue(ctx, 10); err != nil || len(list) != 0 {
		t.Errorf("got %+v, %v", list, err)
	}
	_, err := s.DeleteEntity(ctx, alice.ID, now)
	must(t, err)
	list, err := s.PurgeQueue(ctx, 10)
	must(t, err)
	if len(list) != 2 {
		t.Fatalf("got %+v", list)
	}
	for _, d := range list {
		if d.Path != a.Path && d.Path != b.Path || d.Node != "n1" || d.Type != ayb.SQLite {
			t.Errorf("got %+v", d)
		}
	}
	if first, err := s.PurgeQueue(ctx, 1); err != nil || len(first) != 1 || first[0] != list[0] {
		t.Errorf("got %+v, %v", first, err)
	}
	must(t, s.Confirm(ctx, Confirmation("alice", "alice@example.org", "new")))
	alice, err = s.EntityBySlug(ctx, "alice")
	must(t, err)
	again := meta.Database{Owner: alice.ID, Path: list[0].Path, Type: ayb.SQLite, Public: ayb.PublicNone, CreatedAt: now}
	wantCode(t, s.CreateDatabase(ctx, again), errs.Conflict)
	must(t, s.CompletePurge(ctx, list[0].ID))
	must(t, s.CompletePurge(ctx, list[0].ID))
	must(t, s.CreateDatabase(ctx, again))
	if left, err := s.PurgeQueue(ctx, 10); err != nil || len(left) != 1 || left[0] != list[1] {
		t.Errorf("got %+v, %v", left, err)
	}
}

// O9: records that ended long ago are deleted, others stay.
func expired(t *testing.T, s *store.Store) {
	ctx := t.Context()
	c := code(t, s)
	const day = 24 * time.Hour
	for short, end := range map[string]time.Time{
		"old": now.Add(-31 * day), "recent": now.Add(-20 * day), "ahead": now.Add(day), "endless": {},
	} {
		must(t, s.CreateToken(ctx, meta.APIToken{Short: short, Entity: c.Entity, CreatedAt: now.Add(-40 * day), ExpiresAt: end}))
	}
	for short, at := range map[string]time.Time{"revoked long ago": now.Add(-31 * day), "revoked now": now} {
		must(t, s.CreateToken(ctx, meta.APIToken{Short: short, Entity: c.Entity, CreatedAt: now.Add(-40 * day)}))
		must(t, s.RevokeToken(ctx, c.Entity, short, at))
	}
	if n, err := s.DeleteExpired(ctx, now); err != nil || n != 2 {
		t.Errorf("deleted %d, %v", n, err)
	}
	for short, want := range map[string]errs.Code{
		"old": errs.NotFound, "revoked long ago": errs.NotFound,
		"recent": "", "ahead": "", "endless": "", "revoked now": "", "short-mail-alice": "",
	} {
		_, err := s.TokenByShort(ctx, short)
		wantCode(t, err, want)
	}
	_, err := s.OAuthCode(ctx, c.Hash)
	must(t, err)
	// A day after the end of the code, the mail of alice has expired as well.
	if n, err := s.DeleteExpired(ctx, c.ExpiresAt.Add(day+time.Second)); err != nil || n != 2 {
		t.Errorf("deleted %d, %v", n, err)
	}
	_, err = s.OAuthCode(ctx, c.Hash)
	wantCode(t, err, errs.NotFound)
}
