package front

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Limiter counts requests by key. The error of Take is RateLimited, with the
// attribute errs.AttrRetryAfter.
type Limiter interface {
	Take(key string) error
}

// limited reports whether a request makes the server send a mail or tries a
// secret. Such requests are counted by the address of their client. The decoded
// path decides, before any routing, so that no spelling of a path avoids the limit.
func limited(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	// Scripts of the pages call the API behind /session.
	switch path := strings.TrimPrefix(r.URL.Path, "/session"); path {
	case httpapi.RouteRegister, httpapi.RouteLogIn, httpapi.RouteConfirm, httpapi.RouteOAuthToken, httpapi.RouteOAuthRevoke, "/register", "/log_in":
		return true
	default:
		return strings.HasPrefix(path, "/confirm/")
	}
}

// limit counts a request. The error is RateLimited.
func (f *Front) limit(r *http.Request) error {
	if f.deps.Limits == nil || !limited(r) {
		return nil
	}
	err := f.deps.Limits.Take("address:" + f.clientAddress(r))
	if err == nil {
		return nil
	}
	wait := errs.Public(err).Attrs[errs.AttrRetryAfter]
	refused := errs.Wrap(errs.RateLimited, err, "Too many requests from your address; try again in %s seconds", wait).With(errs.AttrRetryAfter, wait)
	if strings.HasPrefix(r.URL.Path, "/v1/oauth/") { // OAuth clients expect these keys
		refused = refused.With("error", "temporarily_unavailable").With("error_description", refused.Message)
	}
	return refused
}
