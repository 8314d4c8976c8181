package controlplane_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// wantLimited checks a refusal by the rate limit.
func (w *world) wantLimited(got answer, about string) {
	w.t.Helper()
	seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != 429 || err != nil || seconds < 1 || seconds > 300 ||
		!strings.HasPrefix(got.body, `{"type":"Other","message":"Too many requests `+about) {
		w.t.Errorf("%d %s, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
}

// S13: at one request a minute, an address may send three at once. Other calls of
// the API are not limited.
func TestRateByAddress(t *testing.T) {
	w := newWorld(t, func(c *config) { c.RatePerMinute = 1 })
	alice := w.account("alice") // two requests
	w.want(w.do("POST", "/v1/log_in", "", "entity", "alice"), 200, `{}`)
	mails := len(w.mail.sent())
	for _, forged := range []string{"203.0.113.1", "203.0.113.2, 127.0.0.1"} {
		for _, path := range []string{"/v1/register", "/v1/log_in", "/v1/confirm", "/v1/oauth/token", "/v1/log%5Fin"} {
			w.wantLimited(w.do("POST", path, "", "entity", "bob", "email-address", "bob@example.org", "entity-type", "user",
				"authentication-token", "x", "X-Forwarded-For", forged, "X-Real-IP", forged, "Forwarded", "for="+forged), "from your address")
		}
	}
	got := w.do("POST", "/v1/oauth/token", "", "Origin", "https://app.example")
	if !strings.Contains(got.body, `"error":"temporarily_unavailable"`) || got.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("%s %v", got.body, got.header)
	}
	if n := len(w.mail.sent()); n != mails {
		t.Errorf("%d mails were sent", n-mails)
	}
	w.mustCreate(alice, "alice/a.sqlite")
	for range 20 {
		if got := w.query(alice, "alice/a.sqlite", "SELECT 1"); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	w.want(w.do("GET", "/health", ""), 200, `{"status":"ok"}`)
}

// S13: behind a trusted proxy, the address is that of the proxy's header, and the
// header of a client is ignored. S14: a name is limited across addresses, whether
// an account has it or not.
func TestRateBehindProxies(t *testing.T) {
	w := newWorld(t, func(c *config) {
		c.RatePerMinute = 1
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	})
	logIn := func(entity, forwarded string) answer {
		return w.do("POST", "/v1/log_in", "", "entity", entity, "X-Forwarded-For", forwarded)
	}
	for i := range 3 {
		w.want(logIn(fmt.Sprint("one", i), "198.51.100.1"), 200, `{}`)
	}
	w.wantLimited(logIn("one9", "198.51.100.1"), "from your address")
	w.wantLimited(logIn("one9", "203.0.113.5, 198.51.100.1, 10.0.0.3"), "from your address")
	w.want(logIn("one9", "198.51.100.2"), 200, `{}`)
	// IPv6 by /64.
	for i := range 3 {
		w.want(logIn(fmt.Sprint("two", i), fmt.Sprintf("2001:db8:1:2::%d", i)), 200, `{}`)
	}
	w.wantLimited(logIn("two9", "2001:db8:1:2:ffff::1"), "from your address")
	w.want(logIn("two9", "2001:db8:1:3::1"), 200, `{}`)
	// By account, in any spelling.
	for _, name := range []string{"alice", "nobody"} {
		if name == "alice" {
			w.want(w.do("POST", "/v1/register", "", "entity", "alice", "email-address", "alice@example.org", "entity-type", "user", "X-Forwarded-For", "198.51.100.9"), 200, `{}`)
			w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", w.mail.sent()[0].Token, "X-Forwarded-For", "198.51.100.9"))
		} else {
			w.want(logIn(name, "198.51.100.10"), 200, `{}`)
		}
		w.want(logIn(name, "198.51.100.11"), 200, `{}`)
		w.want(logIn(strings.ToUpper(name), "198.51.100.12"), 200, `{}`)
		w.wantLimited(logIn(name, "198.51.100.13"), "for this account")
	}
	// One inbox under many names.
	for i := range 4 {
		got := w.do("POST", "/v1/register", "", "entity", fmt.Sprint("victim", i), "email-address", fmt.Sprintf("victim+%d@example.org", i), "entity-type", "user",
			"X-Forwarded-For", fmt.Sprintf("198.51.100.%d", 100+i))
		if i < 3 {
			w.want(got, 200, `{}`)
		} else {
			w.wantLimited(got, "for this account or mail address")
		}
	}
}
