package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// code stores an authorization code of alice for one of her databases.
func code(t *testing.T, s *store.Store) meta.OAuthCode {
	t.Helper()
	alice := entity(t, s, "alice")
	d := database(t, s, alice, "shop")
	c := meta.OAuthCode{
		Hash: [32]byte{0xc0, 0xde}, Entity: alice.ID, Slug: "alice",
		Scope:       meta.Scope{Database: d.ID, Path: d.Path, Level: ayb.QueryReadOnly},
		RedirectURI: "https://app.example/cb?a=1", Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", AppName: "My Äpp",
		CreatedAt: now, ExpiresAt: now.Add(10 * time.Minute),
	}
	must(t, s.InsertOAuthCode(t.Context(), c))
	return c
}

func tokenFor(c meta.OAuthCode, short string) meta.APIToken {
	return meta.APIToken{Short: short, Hash: [32]byte{7}, Entity: c.Entity, Slug: c.Slug, Scope: &c.Scope, AppName: c.AppName, CreatedAt: now}
}

func oauthCode(t *testing.T, s *store.Store) {
	ctx, c := t.Context(), code(t, s)
	got, err := s.OAuthCode(ctx, c.Hash)
	must(t, err)
	if got != c {
		t.Errorf("got %+v, want %+v", got, c)
	}
	_, err = s.OAuthCode(ctx, [32]byte{1})
	wantCode(t, err, errs.NotFound)
	wantCode(t, s.InsertOAuthCode(ctx, c), errs.Conflict)

	wantCode(t, s.UseOAuthCode(ctx, [32]byte{1}, tokenFor(c, "unknown"), now), errs.Conflict)
	wantCode(t, s.UseOAuthCode(ctx, c.Hash, tokenFor(c, "late"), c.ExpiresAt), errs.Conflict)
	// A token that cannot be stored leaves the code unused.
	wantCode(t, s.UseOAuthCode(ctx, c.Hash, tokenFor(c, "short-mail-alice"), now), errs.Conflict)
	if got, err = s.OAuthCode(ctx, c.Hash); err != nil || !got.UsedAt.IsZero() || got.Issued != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	used := now.Add(time.Minute)
	must(t, s.UseOAuthCode(ctx, c.Hash, tokenFor(c, "issued"), used))
	got, err = s.OAuthCode(ctx, c.Hash) // S27: a used code leads to its token
	must(t, err)
	if !got.UsedAt.Equal(used) || got.Issued != "issued" {
		t.Errorf("got %+v", got)
	}
	tok, err := s.TokenByShort(ctx, "issued")
	must(t, err)
	if tok.Scope == nil || *tok.Scope != c.Scope || tok.AppName != c.AppName {
		t.Errorf("got %+v", tok)
	}
	wantCode(t, s.UseOAuthCode(ctx, c.Hash, tokenFor(c, "again"), used), errs.Conflict)
	for _, short := range []string{"unknown", "late", "again"} {
		_, err := s.TokenByShort(ctx, short)
		wantCode(t, err, errs.NotFound)
	}
	lost := c
	lost.Hash, lost.Scope.Database = [32]byte{2}, 999
	wantCode(t, s.InsertOAuthCode(ctx, lost), errs.NotFound)
}

// S27: of several exchanges of one code at the same time, one succeeds.
func oauthCodeRace(t *testing.T, s *store.Store) {
	c := code(t, s)
	const n = 16
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			results[i] = s.UseOAuthCode(context.Background(), c.Hash, tokenFor(c, fmt.Sprint("racer-", i)), now)
		})
	}
	wg.Wait()
	got, err := s.OAuthCode(t.Context(), c.Hash)
	must(t, err)
	for i, err := range results {
		short := fmt.Sprint("racer-", i)
		_, tokenErr := s.TokenByShort(t.Context(), short)
		if won := got.Issued == short; won != (err == nil) || won != (tokenErr == nil) {
			t.Errorf("%s: %v, token %v; the winner is %s", short, err, tokenErr, got.Issued)
		} else if !won {
			wantCode(t, err, errs.Conflict)
		}
	}
}
