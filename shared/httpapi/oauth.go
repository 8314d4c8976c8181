package httpapi

import (
	"errors"

	"github.com/ayb-go/ayb/shared/errs"
)

// Routes of OAuth 2.0. RouteAuthorize is a web page; the others are for programs.
const (
	RouteAuthorize     = "/oauth/authorize"
	RouteOAuthToken    = "/v1/oauth/token"
	RouteOAuthRevoke   = "/v1/oauth/revoke"
	RouteOAuthMetadata = "/.well-known/oauth-authorization-server"
)

// Parameters of OAuth 2.0 with a single supported value.
const (
	ResponseTypeCode           = "code"
	ChallengeMethodS256        = "S256"
	GrantTypeAuthorizationCode = "authorization_code"
	TokenTypeBearer            = "Bearer"
)

// OAuthCode is the `error` of an OAuth answer.
type OAuthCode string

// The codes of OAuth errors: of RFC 6749 and RFC 7009.
const (
	OAuthInvalidRequest          OAuthCode = "invalid_request"
	OAuthInvalidGrant            OAuthCode = "invalid_grant"
	OAuthInvalidScope            OAuthCode = "invalid_scope"
	OAuthAccessDenied            OAuthCode = "access_denied"
	OAuthUnsupportedResponseType OAuthCode = "unsupported_response_type"
	OAuthUnsupportedGrantType    OAuthCode = "unsupported_grant_type"
	OAuthServerError             OAuthCode = "server_error"
	OAuthUnavailable             OAuthCode = "temporarily_unavailable"
)

// attrOAuth is the attribute of an error that holds its OAuthCode.
const attrOAuth = "oauth_error"

// OAuthError returns an error with the OAuth code.
func OAuthError(code OAuthCode, e *errs.Error) error { return e.With(attrOAuth, string(code)) }

// OAuthCodeOf returns the OAuth code of an error: that of OAuthError, or one that
// follows from its status.
func OAuthCodeOf(err error) OAuthCode {
	e, ok := errors.AsType[*errs.Error](err)
	if ok && e.Attrs[attrOAuth] != "" {
		return OAuthCode(e.Attrs[attrOAuth])
	}
	switch status, _ := FromError(err); {
	case errs.Is(err, errs.Unavailable), errs.Is(err, errs.RateLimited):
		return OAuthUnavailable
	case status >= 500:
		return OAuthServerError
	default:
		return OAuthInvalidRequest
	}
}

// AuthorizeRequest holds the unchecked parameters with which an application opens the
// authorization page. An absent parameter is empty.
type AuthorizeRequest struct {
	ResponseType        string
	RedirectURI         string
	Scope               string // ayb.QueryLevel
	State               string
	CodeChallenge       string
	CodeChallengeMethod string
	// AppName is app_name, or client_id without it.
	AppName string
}

// Consent is the question to the user before an application gets access.
type Consent struct {
	Entity  string
	AppName string
	Level   string // ayb.QueryLevel
	// RedirectOrigin is the receiver of the answer: scheme, host and port.
	RedirectOrigin string
	// Databases are the databases that the user can share, as entity/database.
	Databases []string
	// Ticket proves, for a limited time and for one session, that the user was
	// asked exactly this question.
	Ticket string
}

// WebLogin is what a confirmed mail gives a browser.
type WebLogin struct {
	Entity string
	Token  string
	// Next is the page that the user opened before the log-in: a path of this
	// server, or empty.
	Next string
}

// OAuthTokenRequest is the body of the token endpoint, as JSON or as a form.
type OAuthTokenRequest struct {
	GrantType    string `json:"grant_type"`
	Code         string `json:"code"`
	RedirectURI  string `json:"redirect_uri"`
	CodeVerifier string `json:"code_verifier"`
}

// OAuthToken answers the token endpoint.
type OAuthToken struct {
	AccessToken          string `json:"access_token"`
	TokenType            string `json:"token_type"`
	Database             string `json:"database"`
	QueryPermissionLevel string `json:"query_permission_level"`
	DatabaseURL          string `json:"database_url"`
}

// OAuthErrorBody is a failure of the token and revocation endpoints.
type OAuthErrorBody struct {
	Error            OAuthCode `json:"error"`
	ErrorDescription string    `json:"error_description"`
}

// OAuthMetadata is the discovery document of RFC 8414.
type OAuthMetadata struct {
	Issuer                        string   `json:"issuer"`
	AuthorizationEndpoint         string   `json:"authorization_endpoint"`
	TokenEndpoint                 string   `json:"token_endpoint"`
	RevocationEndpoint            string   `json:"revocation_endpoint"`
	ScopesSupported               []string `json:"scopes_supported"`
	ResponseTypesSupported        []string `json:"response_types_supported"`
	ResponseModesSupported        []string `json:"response_modes_supported"`
	GrantTypesSupported           []string `json:"grant_types_supported"`
	CodeChallengeMethodsSupported []string `json:"code_challenge_methods_supported"`
	TokenEndpointAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationEndpointAuthMethods []string `json:"revocation_endpoint_auth_methods_supported"`
}

// NewOAuthMetadata returns the discovery document of a server. publicURL has no slash
// at its end.
func NewOAuthMetadata(publicURL string, scopes []string) OAuthMetadata {
	none := []string{"none"} // applications have no secrets; they use PKCE
	return OAuthMetadata{
		Issuer:                        publicURL,
		AuthorizationEndpoint:         publicURL + RouteAuthorize,
		TokenEndpoint:                 publicURL + RouteOAuthToken,
		RevocationEndpoint:            publicURL + RouteOAuthRevoke,
		ScopesSupported:               scopes,
		ResponseTypesSupported:        []string{ResponseTypeCode},
		ResponseModesSupported:        []string{"query"},
		GrantTypesSupported:           []string{GrantTypeAuthorizationCode},
		CodeChallengeMethodsSupported: []string{ChallengeMethodS256},
		TokenEndpointAuthMethods:      none,
		RevocationEndpointAuthMethods: none,
	}
}
