package api

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Limiter counts requests under a key; RateLimited when they are too many,
// with the attribute retry_after in seconds.
type Limiter interface {
	Take(key string) error
}

// attrRetryAfter is the attribute of an error that becomes a header.
const attrRetryAfter = "retry_after"

// limited tells whether a request is one of those that make the server send a
// mail or that try a secret: they are counted by the address they come from
// (S13). It looks at the path, before any routing, so that no spelling and no
// other router gets around it.
func limited(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	switch path := r.URL.Path; path {
	case httpapi.RouteRegister, httpapi.RouteLogIn, httpapi.RouteConfirm, httpapi.RouteOAuthToken, httpapi.RouteOAuthRevoke, "/log_in":
		return true
	default:
		return strings.HasPrefix(path, "/confirm/")
	}
}

// limit counts a request and refuses it when its address has had enough.
func (s *Server) limit(r *http.Request) error {
	if s.deps.Limits == nil || !limited(r) {
		return nil
	}
	err := s.deps.Limits.Take("address:" + s.clientAddress(r))
	if err == nil {
		return nil
	}
	wait := errs.Public(err).Attrs[attrRetryAfter]
	refused := errs.Wrap(errs.RateLimited, err, "Too many requests from your address; try again in %s seconds", wait).With(attrRetryAfter, wait)
	if strings.HasPrefix(r.URL.Path, "/v1/oauth/") { // clients of OAuth look for these keys
		refused = refused.With("error", "temporarily_unavailable").With("error_description", refused.Message)
	}
	return refused
}

// setRetryAfter tells when to try again, if the error does.
func setRetryAfter(w http.ResponseWriter, err error) {
	if wait := errs.Public(err).Attrs[attrRetryAfter]; wait != "" {
		w.Header().Set("Retry-After", wait)
	}
}

// clientAddress gives the address a request is counted by: an IPv4 address or
// the /64 network of an IPv6 address.
func (s *Server) clientAddress(r *http.Request) string {
	return httprate.CanonicalizeIP(s.address(r))
}

// addressReader gives the function that finds the address of a client: that of
// the connection, or, when that is a trusted proxy, the last one in
// X-Forwarded-For that is none. What a client writes into the header itself
// stands before what the proxies add, and is never reached.
func addressReader(proxies []netip.Prefix) func(*http.Request) string {
	connection := reader(middleware.ClientIPFromRemoteAddr)
	if len(proxies) == 0 {
		return connection
	}
	texts := make([]string, len(proxies))
	for i, p := range proxies {
		texts[i] = p.String()
	}
	forwarded := reader(middleware.ClientIPFromXFF(texts...))
	return func(r *http.Request) string {
		if a := forwarded(r); a != "" {
			return a
		}
		return connection(r) // a proxy on its own behalf, or one that sends no address
	}
}

// reader turns a middleware that puts an address into the context into a
// function that gives it.
func reader(mw func(http.Handler) http.Handler) func(*http.Request) string {
	return func(r *http.Request) (address string) {
		mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			address = middleware.GetClientIP(r.Context())
		})).ServeHTTP(nil, r)
		return address
	}
}
