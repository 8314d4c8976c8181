package accounts

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Register mails a log-in token for a new entity. It stores nothing: the entity
// is created when the mail is confirmed. For an entity that exists, its own
// address gets a log-in and every other address is refused.
//
// Errors, in the order of the checks: InvalidSlug, Registration (reserved
// name, bad address), Invalid (entity type), RateLimited (too many requests for
// this name or this address), Conflict (registered with another address), and
// those of the mailer.
func (a *Accounts) Register(ctx context.Context, entity, address, entityType string) (mailapi.Delivery, error) {
	return a.RegisterWithNext(ctx, entity, address, entityType, "")
}

// RegisterWithNext is Register for a browser that goes to the page next afterwards.
// The caller has checked next: it is empty or a path of this server.
func (a *Accounts) RegisterWithNext(ctx context.Context, entity, address, entityType, next string) (mailapi.Delivery, error) {
	slug, err := a.parseName(entity)
	if err != nil {
		return "", err
	}
	address, err = ParseAddress(address)
	if err != nil {
		return "", err
	}
	kind, err := ayb.ParseEntityType(entityType)
	if err != nil {
		return "", err
	}
	if err := a.countRequests("name:"+string(slug), "mail:"+inbox(address)); err != nil {
		return "", err
	}
	mail := mailapi.KindRegistration
	known, err := a.deps.Identities.Addresses(ctx, slug)
	switch {
	case errs.Is(err, errs.NotFound):
	case err != nil:
		return "", err
	case !slices.Contains(known, address):
		return "", errs.E(errs.Conflict, "%s has already been registered", slug)
	default:
		mail = mailapi.KindLogin
	}
	return a.sendMail(ctx, mail, token.Login{Entity: slug, Type: kind, Address: address, Next: next})
}

// LogIn mails a log-in token to the first address of an entity. For a name
// without an account or without an address it sends nothing, but answers the
// same: see decoy. Errors: RateLimited, for any name, and those of the mailer.
func (a *Accounts) LogIn(ctx context.Context, entity string) (mailapi.Delivery, error) {
	return a.LogInWithNext(ctx, entity, "")
}

// LogInWithNext is LogIn for a browser that goes to the page next afterwards.
// The caller has checked next: it is empty or a path of this server.
func (a *Accounts) LogInWithNext(ctx context.Context, entity, next string) (mailapi.Delivery, error) {
	slug := ayb.FoldEntity(entity)
	if err := a.countRequests("name:" + string(slug)); err != nil {
		return "", err
	}
	known, err := a.deps.Identities.Addresses(ctx, slug)
	if errs.Is(err, errs.NotFound) || err == nil && len(known) == 0 {
		return a.decoy.answer(ctx)
	}
	if err != nil {
		return "", err
	}
	// The type is used only when a confirmation creates the entity.
	return a.sendMail(ctx, mailapi.KindLogin, token.Login{Entity: slug, Type: ayb.User, Address: known[0], Next: next})
}

func (a *Accounts) sendMail(ctx context.Context, kind mailapi.Kind, login token.Login) (mailapi.Delivery, error) {
	begun := time.Now()
	sealed, expires, err := a.logins.Seal(login)
	if err != nil {
		return "", err
	}
	delivery, err := a.deps.Mail.Send(ctx, mailapi.Job{
		ID:         newMailID(),
		Kind:       kind,
		To:         login.Address,
		Token:      sealed,
		ConfirmURL: a.publicURL + "/confirm/" + url.QueryEscape(sealed),
		CreatedAt:  a.deps.Now(),
		ExpiresAt:  expires,
	})
	if ctx.Err() == nil {
		a.decoy.record(mailOutcome{time.Since(begun), delivery, err})
	}
	return delivery, err
}
