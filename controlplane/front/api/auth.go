package api

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const bearerPrefix = "Bearer "

// authenticate returns the caller, according to the authMode of the route. An
// invalid header is refused, also where a request without a header is anonymous.
func (a *API) authenticate(r *http.Request, p authMode) (authz.Actor, error) {
	if p == open {
		return authz.Actor{}, nil
	}
	values := r.Header["Authorization"]
	if len(values) == 0 && p == optional {
		return authz.Actor{}, nil
	}
	text, ok := "", false
	if len(values) == 1 {
		text, ok = bearerToken(values[0])
	}
	switch {
	case ok:
		return a.deps.Authenticator.Authenticate(r.Context(), text)
	case p == optional:
		return authz.Actor{}, errs.E(errs.Unauthenticated, "Invalid Authorization header: expected `Bearer <token>`").
			With("type", httpapi.TypeOther)
	default:
		return authz.Actor{}, errs.E(errs.Unauthenticated, "This call needs an API token: send the header `Authorization: Bearer <token>`")
	}
}

// recheck authenticates the caller again after the body was read. A client may
// take minutes to send it, and a token that was revoked meanwhile must not
// authorize the request.
func (a *API) recheck(r *http.Request, actor authz.Actor) error {
	if actor.Anonymous() || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	now, err := a.authenticate(r, bearer)
	if err == nil && (now.Entity != actor.Entity || now.Token != actor.Token) {
		err = errs.E(errs.InvalidToken, "Invalid API token")
	}
	return err
}

// bodyOf reads a request body and then authenticates its sender again. All
// handlers use it: no handler may act on a body whose sender was authenticated
// only before it arrived. actor is the zero Actor for an anonymous request. The
// caller calls release once the body is no longer needed.
func (a *API) bodyOf(w http.ResponseWriter, r *http.Request, actor authz.Actor, limit int64) (body []byte, release func(), err error) {
	body, release, err = a.deps.Bodies.Read(w, r, actor.Entity, limit)
	if err == nil {
		if err = a.recheck(r, actor); err != nil {
			release()
		}
	}
	return body, release, err
}

// bearerToken returns the token in the header. The scheme is not case-sensitive
// (RFC 9110, section 11.1).
func bearerToken(header string) (string, bool) {
	if len(header) <= len(bearerPrefix) {
		return "", false
	}
	scheme, text := header[:len(bearerPrefix)], header[len(bearerPrefix):]
	return text, (scheme == bearerPrefix || strings.EqualFold(scheme, bearerPrefix)) && !strings.ContainsFunc(text, notVisible)
}

func notVisible(r rune) bool { return r < ' ' || r > '~' }
