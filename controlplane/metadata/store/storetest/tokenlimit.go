package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/errs"
)

// tokenPages: the pages add up to the list, even if a token ends between two of
// them.
func tokenPages(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	for i := range 20 {
		made := now.Add(time.Duration(i/3) * time.Hour) // three at the same time
		if i > 16 {
			made = time.Time{} // as old servers stored it
		}
		must(t, s.CreateToken(ctx, meta.APIToken{Short: fmt.Sprintf("t%02d", i), Entity: alice.ID, Slug: "alice", CreatedAt: made}))
	}
	list, err := s.TokensOf(ctx, alice.ID, now)
	must(t, err)
	if len(list) != 21 { // with the one of the log-in
		t.Fatalf("%d tokens", len(list))
	}
	for _, n := range []int{1, 2, 5, 20, 21, 30} {
		var got []string
		after, more := "", true
		for pages := 0; more; pages++ {
			var page []meta.APIToken
			page, more, err = s.TokensPage(ctx, alice.ID, now, after, n)
			must(t, err)
			if len(page) == 0 || len(page) > n || more && len(page) != n || pages > 21 {
				t.Fatalf("a page of %d has %d, more: %v", n, len(page), more)
			}
			for _, one := range page {
				got = append(got, one.Short)
			}
			after = page[len(page)-1].Short
		}
		var want []string
		for _, one := range list {
			want = append(want, one.Short)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("in pages of %d: %v, want %v", n, got, want)
		}
	}
	page, _, err := s.TokensPage(ctx, alice.ID, now, "", 5)
	must(t, err)
	must(t, s.RevokeToken(ctx, alice.ID, page[4].Short, now))
	if next, _, err := s.TokensPage(ctx, alice.ID, now, page[4].Short, 1); err != nil || next[0].Short != list[5].Short {
		t.Errorf("after a token that was revoked meanwhile: %v, %v", next, err)
	}
	for _, after := range []string{"missing", "' OR 1=1 --"} {
		_, _, err := s.TokensPage(ctx, alice.ID, now, after, 5)
		wantCode(t, err, errs.Invalid)
	}
	_, _, err = s.TokensPage(ctx, bob.ID, now, "t01", 5)
	wantCode(t, err, errs.Invalid)
}

// tokenLimit: the limit of an account bounds its new tokens and those of
// applications. Ended tokens do not count.
func tokenLimit(t *testing.T, s *store.Store) {
	ctx := t.Context()
	c := code(t, s) // of alice, who has the token of a log-in
	alice := meta.Entity{ID: c.Entity, Slug: "alice"}
	most := int64(3)
	must(t, s.ChangeAccountLimits(ctx, alice.ID, map[limits.Limit]*int64{limits.TokensPerAccount: &most}))
	token := func(short string) meta.APIToken {
		return meta.APIToken{Short: short, Entity: alice.ID, Slug: "alice", Name: "program", CreatedAt: now}
	}
	must(t, s.CreateToken(ctx, token("a")))
	ends := token("ends")
	ends.ExpiresAt = now.Add(time.Hour)
	must(t, s.CreateToken(ctx, ends))
	err := s.CreateToken(ctx, token("b"))
	wantCode(t, err, errs.Forbidden)
	if want := "alice has 3 API tokens and may have 3 (limits.tokens_per_account, which the operator of the server can raise); revoke those that are not used any more"; errs.Public(err).Message != want {
		t.Errorf("told %v", err)
	}
	app := token("app")
	app.Scope, app.AppName = &c.Scope, "app"
	wantCode(t, s.UseOAuthCode(ctx, c.Hash, app, now), errs.Forbidden)
	must(t, s.RevokeToken(ctx, alice.ID, "a", now))
	must(t, s.UseOAuthCode(ctx, c.Hash, app, now)) // the code was not spent
	late := token("late")
	late.CreatedAt = now.Add(2 * time.Hour)
	must(t, s.CreateToken(ctx, late))

	// A log-in is never refused. The tokens that were unused for the longest time
	// are returned as surplus.
	for i := range 4 {
		again := Confirmation("alice", "alice@example.org", fmt.Sprint("again", i))
		again.Short, again.Now = fmt.Sprint("login", i), now.Add(time.Duration(3+i)*time.Hour)
		must(t, s.Confirm(ctx, again))
	}
	must(t, s.TouchTokens(ctx, []meta.TokenUse{{Short: "login0", At: now.Add(8 * time.Hour)}}))
	id, shorts, err := s.SurplusLogins(ctx, "alice", "login3", now.Add(9*time.Hour))
	if err != nil || id != alice.ID || len(shorts) != 4 || shorts[1] != "login1" || shorts[2] != "login2" || shorts[3] != "login0" {
		t.Errorf("of %d: %v, %v", id, shorts, err)
	}
	must(t, s.ChangeAccountLimits(ctx, alice.ID, map[limits.Limit]*int64{limits.TokensPerAccount: nil}))
	if _, shorts, err := s.SurplusLogins(ctx, "alice", "login3", now); err != nil || len(shorts) != 0 {
		t.Errorf("without a limit: %v, %v", shorts, err)
	}
}
