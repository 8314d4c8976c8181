package storetest

import (
	"slices"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// change is a change of limits.
type change = map[limits.Limit]*int64

// limitChanges: limits are stored for accounts and for databases, are part of a
// look-up, and can be removed one by one.
func limitChanges(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	shop, other := database(t, s, alice, "shop"), database(t, s, alice, "other")
	own := func(d meta.Database, want limits.Overrides) {
		t.Helper()
		got, err := s.DatabaseByPath(ctx, d.Path)
		must(t, err)
		switch {
		case want == limits.Overrides{} && got.Limits != nil:
			t.Errorf("%s has %+v", d.Path, *got.Limits)
		case want != limits.Overrides{} && (got.Limits == nil || *got.Limits != want):
			t.Errorf("%s has %+v, want %+v", d.Path, got.Limits, want)
		}
		if got.Limits = nil; got != d {
			t.Errorf("limits changed the rest: %+v", got)
		}
	}
	own(shop, limits.Overrides{})

	var want limits.Overrides
	for i, l := range limits.All() {
		_, most := l.Bounds(limits.Values{})
		value := most - int64(i)
		must(t, s.ChangeAccountLimits(ctx, alice.ID, change{l: &value}))
		want.Account.Set(l, value)
		if l.AccountOnly() {
			wantCode(t, s.ChangeDatabaseLimits(ctx, shop.ID, change{l: &value}), errs.Invalid)
			continue
		}
		zero := int64(0) // zero is a value, and not the absence of one
		must(t, s.ChangeDatabaseLimits(ctx, shop.ID, change{l: &value}))
		must(t, s.ChangeDatabaseLimits(ctx, shop.ID, change{l: &zero}))
		want.Database.Set(l, 0)
	}
	own(shop, want)
	own(other, limits.Overrides{Account: want.Account})
	if got, err := s.AccountLimits(ctx, alice.ID); err != nil || got != want.Account {
		t.Errorf("alice has %+v, %v", got, err)
	}
	for _, id := range []meta.EntityID{bob.ID, 999} {
		if got, err := s.AccountLimits(ctx, id); err != nil || got != (limits.Values{}) {
			t.Errorf("account %d has %+v, %v", id, got, err)
		}
	}
	one := int64(1)
	wantCode(t, s.ChangeDatabaseLimits(ctx, shop.ID, change{limits.HeapBytes: &one, limits.QueriesPerAccount: &one}), errs.Invalid)
	own(shop, want) // all or nothing
	wantCode(t, s.ChangeAccountLimits(ctx, 999, change{limits.HeapBytes: &one}), errs.NotFound)
	wantCode(t, s.ChangeDatabaseLimits(ctx, 999, change{limits.HeapBytes: &one}), errs.NotFound)

	must(t, s.ChangeAccountLimits(ctx, bob.ID, change{limits.HeapBytes: nil})) // nothing was set
	list, err := s.ListLimits(ctx)
	must(t, err)
	if !slices.Equal(list, []meta.LimitsRecord{{Entity: "alice", Values: want.Account}, {Entity: "alice", Database: "shop", Values: want.Database}}) {
		t.Errorf("listed %+v", list)
	}
	for _, l := range limits.All() {
		must(t, s.ChangeAccountLimits(ctx, alice.ID, change{l: nil}))
		want.Account.Unset(l)
		own(shop, want)
	}
	must(t, s.ChangeDatabaseLimits(ctx, shop.ID, change{limits.DatabaseBytes: nil}))
	want.Database.Unset(limits.DatabaseBytes)
	own(shop, want)
	own(other, limits.Overrides{})
}

// limitsOfDeletedAccount: the limits of an account and its databases are deleted
// with it. A new account of that name has none.
func limitsOfDeletedAccount(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice := entity(t, s, "alice")
	d := database(t, s, alice, "shop")
	n := int64(5 << 20)
	must(t, s.ChangeAccountLimits(ctx, alice.ID, change{limits.HeapBytes: &n}))
	must(t, s.ChangeDatabaseLimits(ctx, d.ID, change{limits.HeapBytes: &n}))
	_, err := s.DeleteEntity(ctx, alice.ID, now)
	must(t, err)
	if list, err := s.ListLimits(ctx); err != nil || len(list) != 0 {
		t.Errorf("left over: %+v, %v", list, err)
	}
	wantCode(t, s.ChangeAccountLimits(ctx, alice.ID, change{limits.HeapBytes: &n}), errs.NotFound)
	again := Confirmation("alice", "alice@example.org", "again")
	must(t, s.Confirm(ctx, again))
	anew, err := s.EntityBySlug(ctx, "alice")
	must(t, err)
	fresh := database(t, s, anew, "fresh")
	if got, err := s.DatabaseByPath(ctx, ayb.DatabasePath{Entity: "alice", Database: "fresh"}); err != nil || got != fresh {
		t.Errorf("the new account's database is %+v, %v", got, err)
	}
}
