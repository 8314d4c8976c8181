package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/web/page"
)

// sessionPrefix is the path of the HTTP API for the scripts of the pages: behind it
// come the paths of the API, such as /session/v1/alice/shop.sqlite/query.
const sessionPrefix = "/session"

// sessionAPI passes a request of a script to the HTTP API, with the token of the
// cookie, which scripts cannot read. ServeHTTP has refused requests that come from
// pages of other sites. Without a log-in the API answers like any other caller.
func (p *Pages) sessionAPI(w http.ResponseWriter, r *http.Request) {
	token := page.CookieToken(r)
	forwarded := r.Clone(r.Context())
	forwarded.Header.Del("Cookie")
	forwarded.Header.Del("Authorization")
	if token != "" {
		forwarded.Header.Set("Authorization", "Bearer "+token)
	}
	forwarded.URL = withoutPrefix(r.URL)
	p.api.ServeHTTP(w, forwarded)
}

// detached returns a handler that does not see the route of a page: a router inside
// it would take the route of the page for the beginning of its own.
func detached(api http.Handler) http.Handler {
	if api == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, (*chi.Context)(nil))))
	})
}

// withoutPrefix returns an address without sessionPrefix.
func withoutPrefix(u *url.URL) *url.URL {
	out := *u
	out.Path = strings.TrimPrefix(u.Path, sessionPrefix)
	out.RawPath = strings.TrimPrefix(u.RawPath, sessionPrefix)
	return &out
}
