package oauth

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

const maxStateBytes = 2048

// Request is a checked authorization request.
type Request struct {
	redirect  redirectURI
	level     ayb.QueryLevel
	state     string
	challenge string
	app       string
}

// ParseRequest checks the request of an application. No part of the request may
// be used before, above all not the redirect address. Errors are Invalid and
// carry an OAuth code. The order of the checks is part of the API.
func ParseRequest(r httpapi.AuthorizeRequest) (Request, error) {
	for _, p := range []struct{ name, value string }{
		{"response_type", r.ResponseType}, {"redirect_uri", r.RedirectURI}, {"scope", r.Scope},
		{"code_challenge", r.CodeChallenge}, {"code_challenge_method", r.CodeChallengeMethod}, {"app_name", r.AppName},
	} {
		if p.value == "" {
			return Request{}, requestError(httpapi.OAuthInvalidRequest, "The application's request lacks the parameter %s", p.name)
		}
	}
	if r.ResponseType != httpapi.ResponseTypeCode {
		return Request{}, requestError(httpapi.OAuthUnsupportedResponseType, "Only response_type=code is supported")
	}
	if r.CodeChallengeMethod != httpapi.ChallengeMethodS256 {
		return Request{}, requestError(httpapi.OAuthInvalidRequest, "Only code_challenge_method=S256 is supported")
	}
	to, ok := parseRedirectURI(r.RedirectURI)
	if !ok {
		return Request{}, requestError(httpapi.OAuthInvalidRequest,
			"The redirect_uri must be an https address, or an http address on localhost, 127.0.0.1 or [::1], without user name and fragment")
	}
	level, err := ayb.ParseQueryLevel(r.Scope)
	if err != nil {
		return Request{}, requestError(httpapi.OAuthInvalidScope, "The scope must be read-only or read-write")
	}
	if !isChallenge(r.CodeChallenge) {
		return Request{}, requestError(httpapi.OAuthInvalidRequest, "The code_challenge must be a SHA-256 hash in base64url without padding")
	}
	if len(r.State) > maxStateBytes || !utf8.ValidString(r.State) {
		return Request{}, requestError(httpapi.OAuthInvalidRequest, "The state must be text of at most %d bytes", maxStateBytes)
	}
	app, err := token.CheckName(r.AppName)
	if err != nil {
		return Request{}, requestError(httpapi.OAuthInvalidRequest, "The app_name can't be used: %s", errs.Public(err).Message)
	}
	return Request{redirect: to, level: level, state: r.State, challenge: r.CodeChallenge, app: app}, nil
}

func requestError(code httpapi.OAuthCode, format string, args ...any) error {
	return httpapi.OAuthError(code, errs.E(errs.Invalid, format, args...))
}

func isChallenge(s string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == 32 && !strings.ContainsAny(s, "\r\n")
}
