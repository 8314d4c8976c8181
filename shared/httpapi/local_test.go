package httpapi_test

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// A log-in redirects only to pages of this server (S7).
func TestLocalPathS7(t *testing.T) {
	for _, ok := range []string{
		"/", "/alice", "/alice/shop.sqlite", "/oauth/authorize?redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=a%2Fb",
		"/a?next=//evil.example", "/a#b", "/confirmed", "/" + strings.Repeat("a", 2047),
	} {
		if !httpapi.LocalPath(ok) {
			t.Errorf("%q is refused", ok)
		}
	}
	for _, bad := range []string{
		"", "a", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `/a\b`, "/%5Cevil.example", "https://evil.example", "javascript:alert(1)",
		"/\t/evil.example", "/\n/evil.example", " /a", "/a b", "/å", "?a", "#a", "/%zz", "/confirm/TOKEN", "/confirm", "/./confirm/x", "/a/../confirm/x",
		"/%2e/confirm/x", "/%63onfirm/x", "/" + strings.Repeat("a", 2048),
	} {
		if httpapi.LocalPath(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}
