package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// IssuedToken is the token that an application gets for its code.
type IssuedToken struct {
	Token    string
	Database ayb.DatabasePath
	Level    ayb.QueryLevel
}

// Exchange exchanges a code, once, for a token. The caller proves with the
// verifier that it made the authorization request. A failed check of the address
// or the verifier leaves the code usable, so that another client cannot destroy
// it. A used code that is presented again with the right verifier has leaked:
// its token is revoked.
//
// Errors carry OAuth codes.
func (s *Service) Exchange(ctx context.Context, r httpapi.OAuthTokenRequest) (IssuedToken, error) {
	begun := s.deps.Now()
	if r.GrantType != httpapi.GrantTypeAuthorizationCode {
		return IssuedToken{}, requestError(httpapi.OAuthUnsupportedGrantType, "Only grant_type=authorization_code is supported")
	}
	for _, p := range []struct{ name, value string }{
		{"code", r.Code}, {"redirect_uri", r.RedirectURI}, {"code_verifier", r.CodeVerifier},
	} {
		if p.value == "" {
			return IssuedToken{}, requestError(httpapi.OAuthInvalidRequest, "The parameter %s is missing", p.name)
		}
	}
	c, err := s.deps.Store.OAuthCode(ctx, token.HashCode(r.Code))
	if errs.Is(err, errs.NotFound) {
		return IssuedToken{}, requestError(httpapi.OAuthInvalidGrant, "Authorization code not found")
	}
	if err == nil && s.deps.Limits != nil {
		err = s.deps.Limits.Take("oauth:" + strconv.FormatInt(int64(c.Entity), 10))
	}
	if err != nil {
		return IssuedToken{}, err
	}
	if err := s.checkCode(ctx, c, r, begun); err != nil {
		return IssuedToken{}, err
	}
	return s.redeemCode(ctx, c)
}

// checkCode compares a token request with the stored code.
func (s *Service) checkCode(ctx context.Context, c meta.OAuthCode, r httpapi.OAuthTokenRequest, begun time.Time) error {
	sameRedirect := c.RedirectURI == r.RedirectURI
	verified := verifierMatches(r.CodeVerifier, c.Challenge)
	switch {
	case !c.UsedAt.IsZero():
		if sameRedirect && verified && !usedAfterStart(begun, c.UsedAt) {
			if err := s.revokeReplayed(ctx, c); err != nil {
				return err
			}
		}
		return requestError(httpapi.OAuthInvalidGrant, "Authorization code has already been used")
	case !s.deps.Now().Before(c.ExpiresAt):
		return requestError(httpapi.OAuthInvalidGrant, "Authorization code has expired")
	case !sameRedirect:
		return requestError(httpapi.OAuthInvalidGrant, "redirect_uri does not match")
	case !verified:
		return requestError(httpapi.OAuthInvalidGrant, "PKCE verification failed")
	}
	return nil
}

// usedAfterStart reports whether the code was used after this attempt had begun.
// Then two attempts of the same client raced, and the code has not leaked.
// Stored times have microseconds.
func usedAfterStart(begun, used time.Time) bool {
	return begun.Truncate(time.Microsecond).Before(used)
}

func (s *Service) revokeReplayed(ctx context.Context, c meta.OAuthCode) error {
	if c.Issued == "" {
		return nil
	}
	err := s.deps.Store.RevokeToken(ctx, c.Entity, c.Issued, s.deps.Now())
	if errs.Is(err, errs.NotFound) { // revoked already
		return nil
	}
	return err
}

// redeemCode exchanges the code. The transaction of the store lets exactly one
// of several concurrent attempts succeed.
func (s *Service) redeemCode(ctx context.Context, c meta.OAuthCode) (IssuedToken, error) {
	api, now := token.NewAPI(), s.deps.Now()
	err := s.deps.Store.UseOAuthCode(ctx, c.Hash, meta.APIToken{
		Short: api.Short, Hash: api.Hash(), Entity: c.Entity, Slug: c.Slug, Scope: &c.Scope,
		AppName: c.AppName, CreatedAt: now,
	}, now)
	if errs.Is(err, errs.Conflict) {
		return IssuedToken{}, httpapi.OAuthError(httpapi.OAuthServerError,
			errs.E(errs.Conflict, "Authorization code is being used by another request"))
	}
	if errs.Is(err, errs.Forbidden) { // the account has too many tokens; the code stays usable
		return IssuedToken{}, requestError(httpapi.OAuthInvalidGrant, "%s", errs.Public(err).Message)
	}
	if err != nil {
		return IssuedToken{}, err
	}
	return IssuedToken{Token: api.String(), Database: c.Scope.Path, Level: c.Scope.Level}, nil
}

// The lengths of a verifier in RFC 7636.
const (
	minVerifierBytes = 43
	maxVerifierBytes = 128
)

// verifierMatches reports whether a verifier belongs to a challenge. It compares
// in constant time, and refuses lengths that RFC 7636 does not allow.
func verifierMatches(verifier, challenge string) bool {
	if len(verifier) < minVerifierBytes || len(verifier) > maxVerifierBytes {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
