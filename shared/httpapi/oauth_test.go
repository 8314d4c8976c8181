package httpapi_test

import (
	"io"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestOAuthCodes(t *testing.T) {
	given := httpapi.OAuthError(httpapi.OAuthInvalidGrant, errs.E(errs.Invalid, "x"))
	for _, tt := range []struct {
		err  error
		want httpapi.OAuthCode
	}{
		{given, "invalid_grant"},
		{errs.E(errs.Invalid, "x"), "invalid_request"},
		{errs.E(errs.TooLarge, "x"), "invalid_request"},
		{errs.E(errs.Unavailable, "x"), "temporarily_unavailable"},
		{errs.E(errs.RateLimited, "x"), "temporarily_unavailable"},
		{errs.E(errs.Internal, "x"), "server_error"},
		{io.EOF, "server_error"},
	} {
		if got := httpapi.OAuthCodeOf(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
	if errs.CodeOf(given) != errs.Invalid || errs.Public(given).Message != "x" {
		t.Errorf("the error has changed: %v", given)
	}
}

// The discovery document of RFC 8414 has no double slashes and no null lists.
func TestOAuthMetadata(t *testing.T) {
	b, err := httpapi.Marshal(httpapi.NewOAuthMetadata("https://ayb.example.com", []string{"read-only", "read-write"}))
	want := `{"issuer":"https://ayb.example.com","authorization_endpoint":"https://ayb.example.com/oauth/authorize",` +
		`"token_endpoint":"https://ayb.example.com/v1/oauth/token","revocation_endpoint":"https://ayb.example.com/v1/oauth/revoke",` +
		`"scopes_supported":["read-only","read-write"],"response_types_supported":["code"],"response_modes_supported":["query"],` +
		`"grant_types_supported":["authorization_code"],"code_challenge_methods_supported":["S256"],` +
		`"token_endpoint_auth_methods_supported":["none"],"revocation_endpoint_auth_methods_supported":["none"]}`
	if err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestShortToken(t *testing.T) {
	for in, want := range map[string]string{"ayb_s_l": "s", "ayb_s": "s", "ayb": "", "": "", "ayb__l": ""} {
		if got := httpapi.ShortToken(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
