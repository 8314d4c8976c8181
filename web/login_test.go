package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

func TestLogInPage(t *testing.T) {
	s := &services{}
	b := open(t, site, s)
	b.want(b.request("GET", "/log_in", ""), 200, "<title>Log in - ayb</title>", `name="username"`)
	b.want(b.request("GET", "/log_in?next=%2Foauth%2Fauthorize%3Fa%3Db%26c%3Dd", ""), 200, `<input type="hidden" name="next" value="/oauth/authorize?a=b&amp;c=d">`)
	for _, next := range []string{"//evil.example", "https://evil.example", "javascript:alert(1)", `/\evil.example`, "/confirm/x"} { // S7
		if got := b.request("GET", "/log_in?next="+url.QueryEscape(next), ""); got.status != 200 || strings.Contains(got.body, `name="next"`) {
			t.Errorf("next=%s: %d %s", next, got.status, got.body)
		}
	}
	b.want(b.request("POST", "/log_in", "username=+Alice+&next=%2Fa"), 200, "<title>Check email - ayb</title>", "<strong>Alice</strong>")
	if s.entity != "Alice" || s.next != "/a" || s.takeCalls() != "log in" {
		t.Errorf("asked for %q, %q", s.entity, s.next)
	}
	b.want(b.request("POST", "/log_in", "username=+"), 400, "<title>Login error - ayb</title>")
	b.want(b.request("POST", "/log_in", "username=a&username=b"), 400)
	b.want(b.request("POST", "/log_in", `{"username":"a"}`, "Content-Type", "text/plain"), 415)
	b.want(b.request("POST", "/log_in", "username="+strings.Repeat("a", 65<<10)), 413)
	b.want(b.request("POST", "/log_in", "username=%zz"), 400)
	if got := s.takeCalls(); got != "" {
		t.Errorf("calls: %s", got)
	}
	s.err = errs.E(errs.RateLimited, "Too many requests").With("retry_after", "7")
	if got := b.request("POST", "/log_in", "username=a"); got.status != 429 || got.header.Get("Retry-After") != "7" {
		t.Errorf("%d %v", got.status, got.header)
	}
}
