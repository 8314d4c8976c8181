package accounts_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// counts is a limiter that accepts each key a number of times.
type counts struct {
	most int
	seen map[string]int
}

func (c *counts) Take(key string) error {
	if c.seen[key]++; c.seen[key] > c.most {
		return errs.E(errs.RateLimited, "Too many requests").With("retry_after", "7")
	}
	return nil
}

func limitedService(t *testing.T, w *world, most int) (*accounts.Accounts, *counts) {
	t.Helper()
	c := &counts{most: most, seen: map[string]int{}}
	a, err := accounts.New(
		accounts.Config{Login: token.LoginConfig{Key: "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", TTL: time.Hour}},
		accounts.Deps{Identities: w, Tokens: w, Databases: w, UseTracker: w, Mail: w, Limits: c, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return a, c
}

// S13: requests are limited by inbox and by account, whatever their name or
// origin. S14: a name without an account is counted like any other.
func TestLimitsByAccountAndInbox(t *testing.T) {
	w := &world{addresses: map[ayb.EntitySlug][]string{"alice": {"alice@example.org"}}}
	a, _ := limitedService(t, w, 3)
	var codes []errs.Code
	for _, r := range [][2]string{
		{"one", "victim@example.org"}, {"two", "Victim+x@example.org"}, {"three", "VICTIM@example.org"}, {"four", "victim+y@example.org"},
		{"four", "other@example.org"},
	} {
		_, err := a.Register(t.Context(), r[0], r[1], "user")
		codes = append(codes, errs.CodeOf(err))
	}
	if !slices.Equal(codes, []errs.Code{"", "", "", errs.RateLimited, ""}) || len(w.sent) != 4 {
		t.Errorf("registrations: %v, %d mails", codes, len(w.sent))
	}
	for _, name := range []string{"alice", "nobody"} {
		codes = nil
		var last error
		for range 4 {
			_, last = a.LogIn(t.Context(), name)
			codes = append(codes, errs.CodeOf(last))
		}
		if !slices.Equal(codes, []errs.Code{"", "", "", errs.RateLimited}) || errs.Public(last).Attrs["retry_after"] != "7" ||
			errs.Public(last).Message != "Too many requests for this account or mail address; try again later" {
			t.Errorf("log-ins of %s: %v, %v", name, codes, last)
		}
	}
	// Invalid requests are not counted.
	for range 9 {
		if _, err := a.Register(t.Context(), "admin", "admin@example.org", "user"); !errs.Is(err, errs.Registration) {
			t.Fatal(err)
		}
	}
	for range 9 {
		if _, _, err := a.Confirm(t.Context(), "nonsense"); !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
	}
	codes = nil
	for range 4 {
		_, _, err := a.Confirm(t.Context(), w.sent[0].Token)
		codes = append(codes, errs.CodeOf(err))
	}
	if !slices.Equal(codes, []errs.Code{"", "", "", errs.RateLimited}) {
		t.Errorf("confirmations: %v", codes)
	}
}

// S14: names with and without an account get the same answers, whether mails are
// delivered, queued or refused.
func TestLogInSaysTheSameToAll(t *testing.T) {
	for _, w := range []*world{
		{delivery: mailapi.Delivered}, {delivery: mailapi.Queued},
		{mailError: errs.E(errs.Unavailable, "The mail could not be queued")}, {mailError: errs.E(errs.Mail, "The mail was refused")},
	} {
		w.addresses = map[ayb.EntitySlug][]string{"alice": {"alice@example.org"}, "revoked": nil}
		a := service(t, w)
		want, wantErr := a.LogIn(t.Context(), "alice")
		for _, name := range []string{"nobody", "revoked", "no such name!"} {
			got, err := a.LogIn(t.Context(), name)
			if got != want || (err == nil) != (wantErr == nil) || err != nil && errs.Public(err).Message != errs.Public(wantErr).Message {
				t.Errorf("%s: %q, %v; alice: %q, %v", name, got, err, want, wantErr)
			}
		}
		if n := len(w.sent); n > 1 {
			t.Errorf("%d mails", n)
		}
	}
}
