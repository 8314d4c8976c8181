package api

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const bearerPrefix = "Bearer "

// authenticate finds out who asks, as the posture of the route wants it. A
// header that is there and does not hold is refused, never taken as anonymous
// (S28).
func (s *Server) authenticate(r *http.Request, p posture) (authz.Actor, error) {
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
		return s.deps.Authenticator.Authenticate(r.Context(), text)
	case p == optional:
		return authz.Actor{}, errs.E(errs.Unauthenticated, "Invalid Authorization header: expected `Bearer <token>`").
			With("type", httpapi.TypeOther)
	default:
		return authz.Actor{}, errs.E(errs.Unauthenticated, "This call needs an API token: send the header `Authorization: Bearer <token>`")
	}
}

// still tells whether the credentials hold after the body was read: a client
// may take minutes to send it, and a token that was revoked meanwhile must not
// be good for what is in it.
func (s *Server) still(r *http.Request, actor authz.Actor) error {
	if actor.Anonymous() || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	now, err := s.authenticate(r, bearer)
	if err == nil && (now.Entity != actor.Entity || now.Token != actor.Token) {
		err = errs.E(errs.InvalidToken, "Invalid API token")
	}
	return err
}

// bodyOf reads the body of a request by somebody, who is nobody where nobody is
// asked for. It is for all handlers: none may act on a body for a caller who
// was only asked for credentials before it came. The caller calls release when
// the body is needed no more.
func (s *Server) bodyOf(w http.ResponseWriter, r *http.Request, actor authz.Actor, limit int64) (body []byte, release func(), err error) {
	body, release, err = s.readBody(w, r, actor.Entity, limit)
	if err == nil {
		if err = s.still(r, actor); err != nil {
			release()
		}
	}
	return body, release, err
}

// bearerToken cuts the token out of the header. The case of the scheme does not
// matter (RFC 9110, section 11.1).
func bearerToken(header string) (string, bool) {
	if len(header) <= len(bearerPrefix) {
		return "", false
	}
	scheme, text := header[:len(bearerPrefix)], header[len(bearerPrefix):]
	return text, (scheme == bearerPrefix || strings.EqualFold(scheme, bearerPrefix)) && !strings.ContainsFunc(text, notVisible)
}

func notVisible(r rune) bool { return r < ' ' || r > '~' }

// printable makes a text of the client safe to show: at most 40 characters of
// visible ASCII.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if notVisible(r) {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 40)]
}
