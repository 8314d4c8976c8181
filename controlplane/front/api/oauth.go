package api

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// OAuth is the service behind the token endpoint. Its errors carry OAuth
// codes.
type OAuth interface {
	Exchange(ctx context.Context, r httpapi.OAuthTokenRequest) (oauth.IssuedToken, error)
}

const (
	contentTypeForm = "application/x-www-form-urlencoded"
	// maxOAuthBytes limits the body of a request of the protocol.
	maxOAuthBytes = 64 << 10
)

// isPage tells whether a path belongs to the pages for people. The API's own
// never does, whether or not there is anything at it.
func isPage(path string) bool {
	return path != "/v1" && !strings.HasPrefix(path, "/v1/") && path != httpapi.RouteHealth && path != httpapi.RouteOAuthMetadata
}

// oauthToken exchanges a code. Credentials of the application that come along
// are not looked at: there are none to compare with.
func (s *Server) oauthToken(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	fields, err := s.oauthFields(w, r)
	if err != nil {
		return s.writeOAuthError(w, r, err)
	}
	access, err := s.deps.OAuth.Exchange(r.Context(), httpapi.OAuthTokenRequest{
		GrantType: fields["grant_type"], Code: fields["code"],
		RedirectURI: fields["redirect_uri"], CodeVerifier: fields["code_verifier"],
	})
	if err != nil {
		return s.writeOAuthError(w, r, err)
	}
	writeJSON(w, http.StatusOK, httpapi.OAuthToken{
		AccessToken: access.Token, TokenType: httpapi.TokenTypeBearer,
		Database: access.Database.String(), QueryPermissionLevel: string(access.Level),
		DatabaseURL: s.cfg.PublicURL + "/v1/" + access.Database.String(),
	})
	return nil
}

// oauthRevoke revokes a token for whoever has it (RFC 7009). The answer does
// not tell whether it was one.
func (s *Server) oauthRevoke(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	fields, err := s.oauthFields(w, r)
	if err == nil && fields["token"] == "" {
		err = errs.E(errs.Invalid, "The parameter token is missing")
	}
	if err == nil {
		err = s.deps.Accounts.RevokePresented(r.Context(), fields["token"])
	}
	if err != nil {
		return s.writeOAuthError(w, r, err)
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

func (s *Server) oauthMetadata(w http.ResponseWriter, _ *http.Request, _ authz.Actor) error {
	writeJSON(w, http.StatusOK, httpapi.NewOAuthMetadata(s.cfg.PublicURL,
		[]string{string(ayb.QueryReadOnly), string(ayb.QueryReadWrite)}))
	return nil
}

// oauthFields reads the parameters from a form, which is the standard, or
// from a JSON object of texts (A6).
func (s *Server) oauthFields(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	raw, release, err := s.bodyOf(w, r, authz.Actor{}, min(s.cfg.RequestBytes, maxOAuthBytes))
	if err != nil {
		return nil, err
	}
	defer release()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	trimmed := bytes.TrimSpace(raw)
	switch {
	case err == nil && kind == contentTypeForm:
		return formFields(string(raw))
	case isJSON(r), len(trimmed) > 0 && trimmed[0] == '{':
		return jsonFields(trimmed)
	default:
		return nil, errs.E(errs.Invalid, "The body must be a form (%s) or a JSON object", contentTypeForm)
	}
}

func formFields(body string) (map[string]string, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The body is not a valid form")
	}
	fields := map[string]string{}
	for name, v := range values {
		if len(v) > 1 {
			return nil, errs.E(errs.Invalid, "A parameter is given more than once")
		}
		if !utf8.ValidString(v[0]) {
			return nil, errs.E(errs.Invalid, "A parameter is not valid UTF-8")
		}
		fields[name] = v[0]
	}
	return fields, nil
}

// jsonFields leaves out members that are no texts: they are none of ours.
func jsonFields(body []byte) (map[string]string, error) {
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The body must be a JSON object")
	}
	fields := map[string]string{}
	for name, v := range members {
		if text, ok := v.(string); ok {
			fields[name] = text
		}
	}
	return fields, nil
}

// writeOAuthError writes a failure in the form OAuth has for it. Failures of
// ours are logged like all others. It always returns nil: the answer is
// written.
func (s *Server) writeOAuthError(w http.ResponseWriter, r *http.Request, err error) error {
	if r.Context().Err() != nil {
		return nil
	}
	code := httpapi.OAuthCodeOf(err)
	status, _ := httpapi.FromError(err)
	switch {
	case code == httpapi.OAuthServerError:
		status = http.StatusInternalServerError
	case status < 500 && status != http.StatusRequestEntityTooLarge && status != http.StatusTooManyRequests:
		status = http.StatusBadRequest
	}
	if status >= http.StatusInternalServerError && !errs.Is(err, errs.Conflict) {
		s.logFailure(r, status, err)
	}
	setRetryAfter(w, err)
	writeJSON(w, status, httpapi.OAuthErrorBody{Error: code, ErrorDescription: errs.Public(err).Message})
	return nil
}
