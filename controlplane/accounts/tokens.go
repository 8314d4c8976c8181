package accounts

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/meta"
	"github.com/ayb-go/ayb/controlplane/token"
	"github.com/ayb-go/ayb/shared/errs"
)

// Authenticate tells who presents an API token. Its times are looked at on
// every use, so that what a cache answers is never accepted for too long.
//
// A text that is no token, an unknown one and a wrong secret get the same
// InvalidToken (S14).
func (a *Accounts) Authenticate(ctx context.Context, text string) (authz.Actor, error) {
	presented, err := token.ParseAPI(text)
	if err != nil {
		return authz.Actor{}, err
	}
	stored, err := a.deps.Tokens.TokenByShort(ctx, presented.Short)
	switch {
	case errs.Is(err, errs.NotFound):
		return authz.Actor{}, token.ErrInvalidAPI()
	case err != nil:
		return authz.Actor{}, err
	case !presented.Matches(stored.Hash):
		return authz.Actor{}, token.ErrInvalidAPI()
	case !stored.RevokedAt.IsZero():
		return authz.Actor{}, errs.E(errs.InvalidToken, "API token has been revoked")
	case !stored.ExpiresAt.IsZero() && !a.deps.Now().Before(stored.ExpiresAt):
		return authz.Actor{}, errs.E(errs.InvalidToken, "API token has expired")
	}
	return authz.Actor{Entity: stored.Entity, Slug: stored.Slug, Token: stored.Short, Scope: stored.Scope}, nil
}

// ListTokens gives the caller's tokens that still hold, newest first.
func (a *Accounts) ListTokens(ctx context.Context, actor authz.Actor) ([]meta.APIToken, error) {
	if err := authz.Check(actor, authz.ListTokens); err != nil {
		return nil, err
	}
	return a.deps.Tokens.TokensOf(ctx, actor.Entity, a.deps.Now())
}

// RevokeToken revokes one of the caller's own tokens, also the one in use.
// NotFound for any other.
func (a *Accounts) RevokeToken(ctx context.Context, actor authz.Actor, short string) error {
	if err := authz.MayRevoke(actor, short); err != nil {
		return err
	}
	return a.deps.Tokens.RevokeToken(ctx, actor.Entity, short, a.deps.Now())
}
