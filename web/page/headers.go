package page

import (
	"net/http"
	"strings"
)

// SetSecurityHeaders sets the headers of every page. Forms may be sent to this
// server and to formTargets.
//
// The referrer policy hides the addresses of pages from other sites. The
// stricter no-referrer would also remove the Origin header from our own forms.
// Over plain HTTP they would then look like forms of other sites.
func SetSecurityHeaders(h http.Header, formTargets ...string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "+
		"require-trusted-types-for 'script'; trusted-types ayb-page; form-action "+strings.Join(append([]string{"'self'"}, formTargets...), " ")+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}
