package page

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Viewer is the account that a browser is logged in to. Both fields are empty
// without a valid log-in.
type Viewer struct {
	Entity string
	Token  string
}

// SignedIn reports whether the browser has a valid log-in.
func (v Viewer) SignedIn() bool { return v.Entity != "" }

type viewerKey struct{}

// ViewerOf returns the viewer of a request that passed WithViewer.
func ViewerOf(r *http.Request) Viewer {
	v, _ := r.Context().Value(viewerKey{}).(Viewer)
	return v
}

// WithViewer is a middleware that finds the viewer by the token in the cookie. The
// name in the cookie is never used, because a browser can send any name. A request
// whose account cannot be looked up now gets an error page.
func (s *Site) WithViewer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := CookieToken(r)
		if token == "" {
			next.ServeHTTP(w, r)
			return
		}
		entity, err := s.deps.Viewers.Account(r.Context(), token)
		switch {
		case NeedsLogIn(err):
			next.ServeHTTP(w, r)
		case err != nil:
			s.Error(w, r, "", err)
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), viewerKey{}, Viewer{entity, token})))
		}
	})
}

// NeedsLogIn reports whether an error means that the browser has no valid log-in.
func NeedsLogIn(err error) bool {
	return errs.Is(err, errs.InvalidToken) || errs.Is(err, errs.Unauthenticated) || errs.Is(err, errs.Hidden)
}

// RequireLogIn is a middleware that sends a browser without a log-in to the log-in
// page, which leads back to the page.
func RequireLogIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ViewerOf(r).SignedIn() {
			SendToLogIn(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// SendToLogIn redirects to the log-in page, which leads back to the page of a GET
// request.
func SendToLogIn(w http.ResponseWriter, r *http.Request) {
	Redirect(w, http.StatusFound, logInFor(r))
}

// logInFor returns the address of the log-in page that leads back to this page.
func logInFor(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "/log_in"
	}
	return "/log_in?next=" + url.QueryEscape(r.URL.RequestURI())
}

// CookieName is the cookie of a log-in. Its value is SLUG:TOKEN.
const CookieName = "auth"

// CookieToken returns the token in the cookie, or an empty text.
func CookieToken(r *http.Request) string {
	c, err := r.Cookie(CookieName)
	if err != nil {
		return ""
	}
	_, token, _ := strings.Cut(c.Value, ":")
	return token
}

// SetCookie logs the browser in; an empty value logs it out. The cookie is
// Secure only when the public URL is https: browsers ignore Secure cookies of a
// server that is reached over plain HTTP in a local network.
func (s *Site) SetCookie(w http.ResponseWriter, value string) {
	c := &http.Cookie{Name: CookieName, Value: value, Path: "/", HttpOnly: true, Secure: s.public.Scheme == "https", SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
