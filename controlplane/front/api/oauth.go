package api

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// OAuth is the service for the token endpoint. Its errors carry OAuth codes.
type OAuth interface {
	Exchange(ctx context.Context, r httpapi.OAuthTokenRequest) (oauth.IssuedToken, error)
}

const (
	contentTypeForm = "application/x-www-form-urlencoded"
	// maxOAuthBytes limits the body of an OAuth request.
	maxOAuthBytes = 64 << 10
)

// oauthToken exchanges a code for a token. Client credentials are ignored, because
// applications have none.
func (a *API) oauthToken(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	fields, err := a.oauthFields(w, r)
	if err != nil {
		return a.writeOAuthError(w, r, err)
	}
	access, err := a.deps.OAuth.Exchange(r.Context(), httpapi.OAuthTokenRequest{
		GrantType: fields["grant_type"], Code: fields["code"],
		RedirectURI: fields["redirect_uri"], CodeVerifier: fields["code_verifier"],
	})
	if err != nil {
		return a.writeOAuthError(w, r, err)
	}
	writeJSON(w, http.StatusOK, httpapi.OAuthToken{
		AccessToken: access.Token, TokenType: httpapi.TokenTypeBearer,
		Database: access.Database.String(), QueryPermissionLevel: string(access.Level),
		DatabaseURL: a.cfg.PublicURL + "/v1/" + access.Database.String(),
	})
	return nil
}

// oauthRevoke revokes a token for its holder (RFC 7009). The answer does not
// reveal whether the token was valid.
func (a *API) oauthRevoke(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	fields, err := a.oauthFields(w, r)
	if err == nil && fields["token"] == "" {
		err = errs.E(errs.Invalid, "The parameter token is missing")
	}
	if err == nil {
		err = a.deps.Tokens.RevokePresented(r.Context(), fields["token"])
	}
	if err != nil {
		return a.writeOAuthError(w, r, err)
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

func (a *API) oauthMetadata(w http.ResponseWriter, _ *http.Request, _ authz.Actor) error {
	writeJSON(w, http.StatusOK, httpapi.NewOAuthMetadata(a.cfg.PublicURL,
		[]string{string(ayb.QueryReadOnly), string(ayb.QueryReadWrite)}))
	return nil
}

// oauthFields reads the parameters from a form, as the standard says, or from a
// JSON object of texts.
func (a *API) oauthFields(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	raw, release, err := a.bodyOf(w, r, authz.Actor{}, min(a.deps.Bodies.RequestBytes(), maxOAuthBytes))
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

// jsonFields ignores members that are not texts.
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

// writeOAuthError writes an error in the form of OAuth. It logs failures of the
// server as writeError does, and always returns nil.
func (a *API) writeOAuthError(w http.ResponseWriter, r *http.Request, err error) error {
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
		a.logFailure(r, status, err)
	}
	httpapi.SetRetryAfter(w.Header(), err)
	writeJSON(w, status, httpapi.OAuthErrorBody{Error: code, ErrorDescription: errs.Public(err).Message})
	return nil
}
