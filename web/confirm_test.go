package web_test

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// S17: opening a mailed link changes nothing; sending the form on its page does.
func TestConfirm(t *testing.T) {
	s := &services{login: httpapi.WebLogin{Entity: "alice", Token: "ayb_s_l"}}
	b := open(t, site, s)
	for _, method := range []string{"GET", "HEAD"} {
		got := b.request(method, "/confirm/gAAA%3D", "")
		if got.status != 200 || s.takeCalls() != "" || len(got.header["Set-Cookie"]) != 0 {
			t.Errorf("%s: %d %v", method, got.status, got.header)
		}
		if (method == "GET") != strings.Contains(got.body, `<form id="confirm-form" method="post" action="/confirm/gAAA=">`) {
			t.Errorf("%s: %s", method, got.body)
		}
	}
	got := b.request("POST", "/confirm/gAAA%3D", "")
	b.want(got, 200, "<title>Confirmation successful - ayb</title>", "alice")
	if c := got.header.Get("Set-Cookie"); c != "auth=alice:ayb_s_l; Path=/; HttpOnly; Secure; SameSite=Lax" || s.mailed != "gAAA=" {
		t.Errorf("cookie %q, token %q", c, s.mailed)
	}
	s.login.Next = "/oauth/authorize?a=b"
	if got := b.request("POST", "/confirm/x", ""); got.status != 303 || got.header.Get("Location") != "/oauth/authorize?a=b" {
		t.Errorf("%d %v", got.status, got.header)
	}
	s.login.Next = "//evil.example" // S7: also when the address was sealed into the token
	if got := b.request("POST", "/confirm/x", ""); got.status != 200 || got.header.Get("Location") != "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	s.err = errs.E(errs.Invalid, "Invalid or expired token")
	got = b.request("POST", "/confirm/x", "")
	b.want(got, 400, "<title>Confirmation error - ayb</title>", "Invalid or expired token", `<a href="/log_in">`)
	if got.header.Get("Set-Cookie") != "" {
		t.Error("an error sets a cookie")
	}
}

// A mailed link changes the account of a browser only after a question. Otherwise
// an attacker could make users work in a foreign account.
func TestConfirmAsksBeforeAccountSwitch(t *testing.T) {
	s := &services{login: httpapi.WebLogin{Entity: "mallory", Token: "ayb_m_l"}, now: "alice", then: "mallory"}
	b := open(t, site, s)
	const cookie = "auth=alice:ayb_s_l"
	asks := func(got answer, status int) {
		t.Helper()
		b.want(got, status, "<title>Confirm - ayb</title>", "logged in as <strong>alice</strong>", "<strong>mallory</strong>",
			`<form method="post" action="/confirm/gAAA=">`, `<input type="hidden" name="instead_of" value="alice">`)
		if strings.Contains(got.body, "confirm-form") || len(got.header["Set-Cookie"]) != 0 { // the script sends confirm-form without a click
			t.Errorf("%v\n%s", got.header, got.body)
		}
		if s.token != "ayb_s_l" || s.mailed != "gAAA=" || s.takeCalls() != "" {
			t.Errorf("asked about %q and %q; a service was called", s.token, s.mailed)
		}
	}
	asks(b.request("GET", "/confirm/gAAA%3D", "", "Cookie", cookie), 200)
	for _, form := range []string{"", "instead_of=", "instead_of=mallory", "instead_of=Alice", "x=alice"} {
		asks(b.request("POST", "/confirm/gAAA%3D", form, "Cookie", cookie), 409)
	}
	if got := b.request("POST", "/confirm/gAAA%3D", "instead_of=alice&instead_of=alice", "Cookie", cookie); got.status != 400 || s.takeCalls() != "" {
		t.Errorf("a field twice: %d", got.status)
	}
	if got := b.request("POST", "/confirm/gAAA%3D", "instead_of=alice", "Cookie", cookie, "Sec-Fetch-Site", "cross-site"); got.status != 403 || s.takeCalls() != "" {
		t.Errorf("a form of another site: %d", got.status)
	}
	got := b.request("POST", "/confirm/gAAA%3D", "instead_of=alice", "Cookie", cookie)
	b.want(got, 200, "<title>Confirmation successful - ayb</title>", "mallory")
	if s.takeCalls() != "confirm, log out" || s.token != "ayb_s_l" || !strings.HasPrefix(got.header.Get("Set-Cookie"), "auth=mallory:ayb_m_l;") {
		t.Errorf("%v, ended %q", got.header, s.token)
	}
	// Without a log-in, or with one to the same account, there is no question.
	s.now, s.then = "", ""
	for _, c := range []string{cookie, "auth=", "other=x"} {
		b.want(b.request("GET", "/confirm/gAAA%3D", "", "Cookie", c), 200, `<form id="confirm-form"`)
		if got := b.request("POST", "/confirm/gAAA%3D", "", "Cookie", c); got.status != 200 || s.takeCalls() != "confirm" {
			t.Errorf("%s: %d", c, got.status)
		}
	}
}

// S25: the cookie is Secure if and only if the public URL is https.
func TestCookieFollowsPublicURLS25(t *testing.T) {
	s := &services{login: httpapi.WebLogin{Entity: "alice", Token: "ayb_s_l"}}
	b := open(t, "http://192.168.1.5:5433", s)
	if c := b.request("POST", "/confirm/x", "").header.Get("Set-Cookie"); c != "auth=alice:ayb_s_l; Path=/; HttpOnly; SameSite=Lax" {
		t.Errorf("cookie %q", c)
	}
}
