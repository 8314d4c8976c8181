package web

import (
	"net/http"
	"strings"
)

// cookieName is the cookie of a log-in. Its value is SLUG:TOKEN.
const cookieName = "auth"

// cookieToken returns the token in the cookie, or an empty text. The slug in the
// cookie is never read: a browser can send any slug, only the token proves who
// is logged in.
func cookieToken(r *http.Request) string {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	_, token, _ := strings.Cut(c.Value, ":")
	return token
}

// setCookie logs the browser in; an empty value logs it out. The cookie is
// Secure only when the public URL is https: browsers ignore Secure cookies of a
// server that is reached over plain HTTP in a local network.
func (p *Pages) setCookie(w http.ResponseWriter, value string) {
	c := &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
