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

// Access is what an application gets for its code.
type Access struct {
	Token    string
	Database ayb.DatabasePath
	Level    ayb.QueryLevel
}

// Exchange gives a token for a code, once, to whoever knows the verifier.
// A failed check of the address or the verifier leaves the code usable, so
// that a stranger cannot spoil it. A code that comes back complete after it
// was spent has leaked: the token it gave is revoked (S27).
//
// Errors carry OAuth codes, in the order of the contract.
func (s *Service) Exchange(ctx context.Context, r httpapi.OAuthTokenRequest) (Access, error) {
	begun := s.deps.Now()
	if r.GrantType != httpapi.GrantTypeAuthorizationCode {
		return Access{}, refuse(httpapi.OAuthUnsupportedGrantType, "Only grant_type=authorization_code is supported")
	}
	for _, p := range []struct{ name, value string }{
		{"code", r.Code}, {"redirect_uri", r.RedirectURI}, {"code_verifier", r.CodeVerifier},
	} {
		if p.value == "" {
			return Access{}, refuse(httpapi.OAuthInvalidRequest, "The parameter %s is missing", p.name)
		}
	}
	c, err := s.deps.Store.OAuthCode(ctx, token.HashCode(r.Code))
	if errs.Is(err, errs.NotFound) {
		return Access{}, refuse(httpapi.OAuthInvalidGrant, "Authorization code not found")
	}
	if err == nil && s.deps.Limits != nil {
		err = s.deps.Limits.Take("oauth:" + strconv.FormatInt(int64(c.Entity), 10))
	}
	if err != nil {
		return Access{}, err
	}
	if err := s.checkCode(ctx, c, r, begun); err != nil {
		return Access{}, err
	}
	return s.spend(ctx, c)
}

// checkCode holds what is presented against what was stored.
func (s *Service) checkCode(ctx context.Context, c meta.OAuthCode, r httpapi.OAuthTokenRequest, begun time.Time) error {
	sameRedirect := c.RedirectURI == r.RedirectURI
	verified := verifies(r.CodeVerifier, c.Challenge)
	switch {
	case !c.UsedAt.IsZero():
		if sameRedirect && verified && !overtaken(begun, c.UsedAt) {
			if err := s.revokeReplayed(ctx, c); err != nil {
				return err
			}
		}
		return refuse(httpapi.OAuthInvalidGrant, "Authorization code has already been used")
	case !s.deps.Now().Before(c.ExpiresAt):
		return refuse(httpapi.OAuthInvalidGrant, "Authorization code has expired")
	case !sameRedirect:
		return refuse(httpapi.OAuthInvalidGrant, "redirect_uri does not match")
	case !verified:
		return refuse(httpapi.OAuthInvalidGrant, "PKCE verification failed")
	}
	return nil
}

// overtaken tells whether a code was spent only after this attempt had begun:
// then two attempts raced, as impatient clients do, and nothing has leaked.
// Stored times have microseconds.
func overtaken(begun, used time.Time) bool {
	return begun.Truncate(time.Microsecond).Before(used)
}

func (s *Service) revokeReplayed(ctx context.Context, c meta.OAuthCode) error {
	if c.Issued == "" {
		return nil
	}
	err := s.deps.Store.RevokeToken(ctx, c.Entity, c.Issued, s.deps.Now())
	if errs.Is(err, errs.NotFound) { // it was revoked before
		return nil
	}
	return err
}

// spend exchanges the code. The transaction of the store decides who wins
// when several attempts have come this far.
func (s *Service) spend(ctx context.Context, c meta.OAuthCode) (Access, error) {
	api, now := token.NewAPI(), s.deps.Now()
	err := s.deps.Store.UseOAuthCode(ctx, c.Hash, meta.APIToken{
		Short: api.Short, Hash: api.Hash(), Entity: c.Entity, Slug: c.Slug, Scope: &c.Scope,
		AppName: c.AppName, CreatedAt: now,
	}, now)
	if errs.Is(err, errs.Conflict) {
		return Access{}, httpapi.OAuthError(httpapi.OAuthServerError,
			errs.E(errs.Conflict, "Authorization code is being used by another request"))
	}
	if errs.Is(err, errs.Forbidden) { // too many tokens: the code is not spent
		return Access{}, refuse(httpapi.OAuthInvalidGrant, "%s", errs.Public(err).Message)
	}
	if err != nil {
		return Access{}, err
	}
	return Access{Token: api.String(), Database: c.Scope.Path, Level: c.Scope.Level}, nil
}

// Lengths of a verifier, by RFC 7636.
const (
	minVerifierBytes = 43
	maxVerifierBytes = 128
)

// verifies compares in constant time. Verifiers that RFC 7636 does not allow
// are not worth hashing.
func verifies(verifier, challenge string) bool {
	if len(verifier) < minVerifierBytes || len(verifier) > maxVerifierBytes {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
