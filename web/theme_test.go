package web_test

import (
	"strings"
	"testing"
)

// The colours are those of the system, or those that were chosen in this browser. They
// are chosen without a script.
func TestTheme(t *testing.T) {
	b := open(t, site, &services{})
	const system = ` media="(prefers-color-scheme: dark)">`
	for chosen, want := range map[string]struct{ dark, always bool }{"": {true, false}, "light": {false, false}, "dark": {true, true}, `"><b>`: {true, false}} {
		got := b.request("POST", "/settings/account/theme", "theme="+strings.NewReplacer(`"`, "%22", ">", "%3E", "<", "%3C").Replace(chosen), "Cookie", "auth=a:t")
		if got.status != 303 || got.header.Get("Location") != "/settings/account" {
			t.Fatalf("%d %v", got.status, got.header)
		}
		cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
		if (cookie == "theme=") == (chosen == "light" || chosen == "dark") {
			t.Errorf("%q: %s", chosen, cookie)
		}
		body := b.request("GET", "/log_in", "", "Cookie", cookie).body
		if dark := strings.Contains(body, `href="/assets/dark.`); dark != want.dark || dark && strings.Contains(body, system) == want.always {
			t.Errorf("%q: %s", chosen, body)
		}
	}
	if body := b.request("GET", "/log_in", "", "Cookie", "theme=evil").body; !strings.Contains(body, system) {
		t.Errorf("%s", body)
	}
}
