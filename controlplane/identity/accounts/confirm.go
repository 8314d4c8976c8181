package accounts

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Confirm exchanges a log-in token, once, for an API token. The first
// confirmation of a name creates the entity.
//
// Errors: Invalid for a token that is altered, expired or spent; Conflict when
// the name or the address belongs to another account by now.
func (a *Accounts) Confirm(ctx context.Context, loginToken string) (slug ayb.EntitySlug, apiToken string, err error) {
	s, err := a.confirm(ctx, loginToken, 0)
	return s.Slug, s.Token, err
}

// webLoginIdle is how long the log-in of a browser may go unused. Every use
// prolongs it.
const webLoginIdle = 30 * 24 * time.Hour

// WebLogin is the log-in of a browser.
type WebLogin struct {
	Slug ayb.EntitySlug
	// Token is an API token that ends when it is not used for 30 days.
	Token string
	// Next is the page to go to, as given to LogInWithNext or RegisterWithNext.
	Next string
}

// ConfirmWebLogin is Confirm for a browser.
func (a *Accounts) ConfirmWebLogin(ctx context.Context, loginToken string) (WebLogin, error) {
	return a.confirm(ctx, loginToken, webLoginIdle)
}

// LoginTokenEntity returns the entity of a log-in token without spending it.
// The error is Invalid for a token that is altered or expired.
func (a *Accounts) LoginTokenEntity(loginToken string) (ayb.EntitySlug, error) {
	opened, err := a.logins.Open(loginToken)
	if err != nil {
		return "", errInvalidLogin()
	}
	return opened.Entity, nil
}

// confirm makes an API token that ends when it goes unused for idle. With an
// idle of zero the token does not end.
func (a *Accounts) confirm(ctx context.Context, loginToken string, idle time.Duration) (WebLogin, error) {
	opened, err := a.logins.Open(loginToken)
	if err != nil {
		return WebLogin{}, errInvalidLogin()
	}
	// Reserved names are refused at registration only: an account that is
	// older than the list keeps its name.
	slug, err := ayb.ParseEntitySlug(string(opened.Entity))
	if err != nil {
		return WebLogin{}, err
	}
	if err := a.countRequests("confirm:" + string(slug)); err != nil {
		return WebLogin{}, err
	}
	api, now := token.NewAPI(), a.deps.Now()
	c := meta.Confirmation{
		Slug: slug, Type: opened.Type, Address: opened.Address,
		MailDigest: opened.Digest, MailExpires: opened.ExpiresAt, MailIssued: opened.IssuedAt,
		Short: api.Short, Hash: api.Hash(), Idle: idle, Now: now,
	}
	if idle > 0 {
		c.ExpiresAt = now.Add(idle)
	}
	err = a.deps.Identities.Confirm(ctx, c)
	if errs.Is(err, errs.InvalidToken) {
		return WebLogin{}, errInvalidLogin()
	}
	if err != nil {
		return WebLogin{}, err
	}
	a.revokeSurplusLogins(ctx, slug, api.Short)
	return WebLogin{Slug: slug, Token: api.String(), Next: opened.Next}, nil
}

// revokeSurplusLogins revokes the log-ins beyond the limit of the account. The
// new log-in itself is never refused: a user who has lost all tokens could not
// log in again. Errors are ignored, because the next log-in tries again.
func (a *Accounts) revokeSurplusLogins(ctx context.Context, slug ayb.EntitySlug, short string) {
	now := a.deps.Now()
	id, surplus, err := a.deps.Tokens.SurplusLogins(ctx, slug, short, now)
	if err != nil {
		return
	}
	for _, s := range surplus {
		_ = a.deps.Tokens.RevokeToken(ctx, id, s, now)
	}
}

// errInvalidLogin has the code Invalid. InvalidToken is for API tokens only.
func errInvalidLogin() error { return errs.E(errs.Invalid, "Invalid or expired token") }
