package storetest

import (
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// database creates a database of an account and returns its record.
func database(t *testing.T, s *store.Store, owner meta.Entity, name string) meta.Database {
	t.Helper()
	path := ayb.DatabasePath{Entity: owner.Slug, Database: ayb.DatabaseSlug(name)}
	must(t, s.CreateDatabase(t.Context(), meta.Database{
		Owner: owner.ID, Path: path, Type: ayb.SQLite, Public: ayb.PublicNone, Node: "n1", CreatedAt: now,
	}))
	d, err := s.DatabaseByPath(t.Context(), path)
	must(t, err)
	return d
}

// S2: the scope of a token is read as it was stored.
func mintedTokens(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	d := database(t, s, alice, "shop")
	scope := meta.Scope{Database: d.ID, Path: d.Path, Level: ayb.QueryReadWrite}
	for _, want := range []meta.APIToken{
		{Short: "plain", Entity: alice.ID, Slug: "alice", Name: "backup job", CreatedAt: now},
		{Short: "scoped", Hash: [32]byte{9}, Entity: bob.ID, Slug: "bob", Scope: &scope, AppName: "My App", Name: "läptop",
			CreatedAt: now, ExpiresAt: now.Add(time.Hour), Idle: 30 * 24 * time.Hour},
	} {
		must(t, s.CreateToken(ctx, want))
		got, err := s.TokenByShort(ctx, want.Short)
		must(t, err)
		if want.Scope != nil && (got.Scope == nil || *got.Scope != *want.Scope) {
			t.Errorf("got scope %+v", got.Scope)
		}
		got.Scope, want.Scope = nil, nil
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	wantCode(t, s.CreateToken(ctx, meta.APIToken{Short: "plain", Entity: bob.ID, CreatedAt: now}), errs.Conflict)
	wantCode(t, s.CreateToken(ctx, meta.APIToken{Short: "x", Entity: 999, CreatedAt: now}), errs.NotFound)
	missing := meta.Scope{Database: 999, Level: ayb.QueryReadOnly}
	wantCode(t, s.CreateToken(ctx, meta.APIToken{Short: "y", Entity: bob.ID, Scope: &missing, CreatedAt: now}), errs.NotFound)
	if list, err := s.TokensOf(ctx, bob.ID, now.Add(time.Hour)); err != nil || len(list) != 1 {
		t.Errorf("an expired token is listed: %+v, %v", list, err)
	}

	session := Confirmation("alice", "alice@example.org", "in the browser")
	session.ExpiresAt, session.Idle = now.Add(48*time.Hour), 48*time.Hour
	must(t, s.Confirm(ctx, session))
	got, err := s.TokenByShort(ctx, session.Short)
	must(t, err)
	if !got.ExpiresAt.Equal(session.ExpiresAt) || got.Idle != session.Idle {
		t.Errorf("got %+v", got)
	}
}

func tokenUse(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	for _, short := range []string{"a", "b", "revoked"} {
		must(t, s.CreateToken(ctx, meta.APIToken{Short: short, Entity: alice.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}))
	}
	must(t, s.RevokeToken(ctx, alice.ID, "revoked", now))
	later := now.Add(time.Minute)
	must(t, s.TouchTokens(ctx, []meta.TokenUse{
		{Short: "b", At: later}, {Short: "a", At: later, ExpiresAt: later.Add(time.Hour)},
		{Short: "revoked", At: later, ExpiresAt: later.Add(time.Hour)}, {Short: "gone", At: later},
	}))
	// An older use that is recorded later changes nothing.
	must(t, s.TouchTokens(ctx, []meta.TokenUse{{Short: "a", At: now, ExpiresAt: now}}))
	must(t, s.TouchTokens(ctx, nil))
	for short, want := range map[string][2]time.Time{
		"a": {later, later.Add(time.Hour)}, "b": {later, now.Add(time.Hour)}, "revoked": {{}, now.Add(time.Hour)},
	} {
		got, err := s.TokenByShort(ctx, short)
		must(t, err)
		if !got.LastUsedAt.Equal(want[0]) || !got.ExpiresAt.Equal(want[1]) {
			t.Errorf("%s: last used %v, expires %v", short, got.LastUsedAt, got.ExpiresAt)
		}
	}
}
