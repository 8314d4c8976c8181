package oauth

import (
	"context"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// codeLifetime is how long an application has to exchange a code.
const codeLifetime = 10 * time.Minute

// PrepareConsent returns the contents of the consent page: the access that the
// application asks for, and the databases that the user can choose. Errors:
// Hidden for an actor with a limited token, and those of the store.
func (s *Service) PrepareConsent(ctx context.Context, actor authz.Actor, r Request) (httpapi.Consent, error) {
	if err := authz.CheckScope(actor, authz.AuthorizeApp); err != nil {
		return httpapi.Consent{}, err
	}
	usable, err := s.deps.Databases.Accessible(ctx, actor, r.level)
	if err != nil {
		return httpapi.Consent{}, err
	}
	c := httpapi.Consent{
		Entity: string(actor.Slug), AppName: r.app, Level: string(r.level),
		RedirectOrigin: r.redirect.origin, Ticket: s.newTicket(actor, r),
	}
	for _, d := range usable {
		c.Databases = append(c.Databases, d.Path.String())
	}
	return c, nil
}

// CheckTicket checks that an answer belongs to a consent page that was shown to
// this actor for this request, at most an hour ago. Errors: Hidden as in
// PrepareConsent; Invalid.
func (s *Service) CheckTicket(actor authz.Actor, r Request, ticket string) error {
	if err := authz.CheckScope(actor, authz.AuthorizeApp); err != nil {
		return err
	}
	return s.verifyTicket(actor, r, ticket)
}

// Deny returns the address that reports the refusal to the application.
func (s *Service) Deny(actor authz.Actor, r Request, ticket string) (location string, err error) {
	if err := s.CheckTicket(actor, r, ticket); err != nil {
		return "", err
	}
	return r.redirect.withParameters("error", string(httpapi.OAuthAccessDenied), "state", r.state), nil
}

// Grant returns the address that takes a code for the database, entity/database,
// to the application. The actor must have the requested level on the database
// at this moment. Errors: those of CheckTicket; Forbidden as access_denied when
// the actor lacks the level, whether or not the database exists.
func (s *Service) Grant(ctx context.Context, actor authz.Actor, r Request, ticket, database string) (location string, err error) {
	if err := s.CheckTicket(actor, r, ticket); err != nil {
		return "", err
	}
	entity, name, ok := strings.Cut(database, "/")
	if !ok {
		return "", requestError(httpapi.OAuthInvalidRequest, "Choose a database")
	}
	db, level, err := s.deps.Databases.Level(ctx, actor, entity, name)
	if isInaccessible(err) || err == nil && !level.Covers(r.level) {
		return "", httpapi.OAuthError(httpapi.OAuthAccessDenied,
			errs.E(errs.Forbidden, "%s can't give %s access to the database %s", actor.Slug, r.level, ayb.DatabasePath{
				Entity: ayb.FoldEntity(entity), Database: ayb.DatabaseSlug(name),
			}))
	}
	if err != nil {
		return "", err
	}
	code, now := token.NewCode(), s.deps.Now()
	err = s.deps.Store.InsertOAuthCode(ctx, meta.OAuthCode{
		Hash: token.HashCode(code), Entity: actor.Entity, Scope: meta.Scope{Database: db.ID, Path: db.Path, Level: r.level},
		RedirectURI: r.redirect.raw, Challenge: r.challenge, AppName: r.app,
		CreatedAt: now, ExpiresAt: now.Add(codeLifetime),
	})
	if err != nil {
		return "", err
	}
	return r.redirect.withParameters("code", code, "state", r.state), nil
}

// isInaccessible reports whether an error means that a database does not exist
// or that the caller may not see it.
func isInaccessible(err error) bool {
	return errs.Is(err, errs.NotFound) || errs.Is(err, errs.Hidden) || errs.Is(err, errs.Forbidden)
}
