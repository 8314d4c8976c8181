package web_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// S17: requests from pages of other sites are refused when they may change something.
func TestForeignPagesS17(t *testing.T) {
	s := &services{login: httpapi.WebLogin{Entity: "mallory", Token: "ayb_s_l"}}
	b := open(t, site, s)
	foreign := [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, {"Origin", "https://ayb.example.com.evil.example"},
	}
	own := [][]string{{}, {"Sec-Fetch-Site", "same-origin"}, {"Origin", site}, {"Sec-Fetch-Site", "none"}}
	for _, path := range []string{"/log_in", "/confirm/x", "/log_out", "/oauth/authorize"} {
		form := answered("authorize", "a/b") + "&username=alice"
		for _, h := range foreign {
			got := b.request("POST", path, form, append(h, "Cookie", "auth=a:t")...)
			if got.status != 403 || s.takeCalls() != "" || got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s from %v: %d", path, h, got.status)
			}
		}
		for _, h := range own {
			if got := b.request("POST", path, form, append(h, "Cookie", "auth=a:t")...); got.status >= 400 || s.takeCalls() == "" {
				t.Errorf("%s from %v: %d", path, h, got.status)
			}
		}
	}
	b.host = "internal:5433" // a proxy that sends its own Host header
	if got := b.request("POST", "/log_in", "username=a", "Origin", site); got.status != 200 {
		t.Errorf("behind a proxy: %d", got.status)
	}
}

func TestHeadersOfPages(t *testing.T) {
	b := open(t, site, &services{})
	for _, target := range []string{"/log_in", "/confirm/x", "/nothing", "/oauth/authorize", "/assets/style.css"} {
		h := b.request("GET", target, "").header
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s %q", target, name, h.Get(name))
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", target, csp)
		}
		if c := h.Get("Cache-Control"); c != "no-store" && target != "/assets/style.css" {
			t.Errorf("%s: %s", target, c)
		}
	}
}

// ownScript is an element that loads a script of ours.
var ownScript = regexp.MustCompile(`<script (type="module" )?src="/assets/[A-Za-z0-9_.-]+"( defer)?></script>`)

// The policy forbids inline scripts and styles, so no page may contain any.
func TestPagesHaveNoInlineCode(t *testing.T) {
	s := &services{databases: []string{"a/b"}}
	b := open(t, site, s)
	for _, target := range []string{"/log_in", "/confirm/x", "/log_out", "/oauth/authorize?" + asked + "&app_name=A"} {
		body := b.request("GET", target, "", "Cookie", "auth=a:t").body
		rest := ownScript.ReplaceAllString(body, "")
		for _, bad := range []string{"<script", "<style", " style=", " onclick", " onload", "javascript:"} {
			if strings.Contains(rest, bad) {
				t.Errorf("%s has %s", target, bad)
			}
		}
	}
}
