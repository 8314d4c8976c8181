package oauth_test

import (
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// counts is a limiter that accepts each key a number of times.
type counts map[string]int

func (c counts) Take(key string) error {
	if c[key]--; c[key] < 0 {
		return errs.E(errs.RateLimited, "Too many requests").With("retry_after", "7")
	}
	return nil
}

// S13: exchanges are counted by the account of the code. An unknown code is not
// counted, so that a client cannot use up the share of another account.
func TestExchangesAreLimited(t *testing.T) {
	w, s := newWorld(t)
	code := grant(t, s)
	left := counts{"oauth:1": 1}
	limited, err := oauth.New(oauth.Config{Key: [32]byte{1}}, oauth.Deps{Store: w, Databases: w, Limits: left, Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := limited.Exchange(t.Context(), exchange("nonsense")); httpapi.OAuthCodeOf(err) != httpapi.OAuthInvalidGrant {
			t.Fatal(err)
		}
	}
	wrong := exchange(code)
	wrong.RedirectURI += "x"
	if _, err := limited.Exchange(t.Context(), wrong); httpapi.OAuthCodeOf(err) != httpapi.OAuthInvalidGrant {
		t.Error(err)
	}
	if _, err := limited.Exchange(t.Context(), exchange(code)); !errs.Is(err, errs.RateLimited) {
		t.Error(err)
	}
	left["oauth:1"] = 1
	if _, err := limited.Exchange(t.Context(), exchange(code)); err != nil {
		t.Error(err)
	}
}
