package web_test

import (
	"io"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

// S16, S17.
func TestLogOut(t *testing.T) {
	s := &services{}
	b := open(t, site, s)
	const cookie = "auth=alice:ayb_s_l"
	got := b.request("GET", "/log_out", "", "Cookie", cookie)
	b.want(got, 200, `<form method="post" action="/log_out">`)
	if s.takeCalls() != "" || got.header.Get("Set-Cookie") != "" {
		t.Error("showing the page logs out")
	}
	if got := b.request("GET", "/log_out", ""); got.status != 302 || got.header.Get("Location") != "/log_in" {
		t.Errorf("%d %v", got.status, got.header)
	}
	got = b.request("POST", "/log_out", "", "Cookie", cookie)
	if got.status != 303 || got.header.Get("Location") != "/log_in" || s.token != "ayb_s_l" || s.takeCalls() != "log out" ||
		got.header.Get("Set-Cookie") != "auth=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("%d %v, token %s", got.status, got.header, s.token)
	}
	s.err = errs.Wrap(errs.Unavailable, io.ErrUnexpectedEOF, "The metadata store does not answer")
	if got := b.request("POST", "/log_out", "", "Cookie", cookie); got.status != 503 || got.header.Get("Set-Cookie") != "" || strings.Contains(got.body, "EOF") {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
}
