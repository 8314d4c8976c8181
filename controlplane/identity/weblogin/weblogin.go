// Package weblogin acts for browsers: it turns the token of a cookie into the
// account it belongs to and calls the services in its name. Pages are shown by
// somebody else. The token is all that counts: whatever else a cookie says is
// not even passed to this package (S1).
package weblogin

import (
	"context"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Accounts is the service behind log-in and tokens.
type Accounts interface {
	LogInWithNext(ctx context.Context, entity, next string) (mailapi.Delivery, error)
	ConfirmWebLogin(ctx context.Context, loginToken string) (accounts.WebLogin, error)
	// LoginTokenEntity tells whose a log-in token is, without spending it.
	LoginTokenEntity(loginToken string) (ayb.EntitySlug, error)
	Authenticate(ctx context.Context, text string) (authz.Actor, error)
	RevokePresented(ctx context.Context, text string) error
}

// Applications is the service behind the consent page.
type Applications interface {
	PrepareConsent(ctx context.Context, actor authz.Actor, r oauth.Request) (httpapi.Consent, error)
	CheckTicket(actor authz.Actor, r oauth.Request, ticket string) error
	Grant(ctx context.Context, actor authz.Actor, r oauth.Request, ticket, database string) (location string, err error)
	Deny(actor authz.Actor, r oauth.Request, ticket string) (location string, err error)
}

// Databases creates databases.
type Databases interface {
	Create(ctx context.Context, actor authz.Actor, req databases.NewDatabase) (meta.Database, error)
}

// Deps are what sessions work with. All are needed.
type Deps struct {
	Accounts     Accounts
	Applications Applications
	Databases    Databases
}

// Service is the service. It may be used concurrently.
type Service struct{ deps Deps }

// New makes the service.
func New(deps Deps) (*Service, error) {
	if deps.Accounts == nil || deps.Applications == nil || deps.Databases == nil {
		return nil, errs.E(errs.Internal, "session: a dependency is missing")
	}
	return &Service{deps: deps}, nil
}

// actor tells who has a token. It takes those of whole accounts only, else it
// is Hidden: an application must not turn
// what it was given into the session of a person (S2).
func (s *Service) actor(ctx context.Context, token string) (authz.Actor, error) {
	actor, err := s.deps.Accounts.Authenticate(ctx, token)
	if err == nil {
		err = authz.CheckScope(actor, authz.OpenSession)
	}
	if err != nil {
		return authz.Actor{}, err
	}
	return actor, nil
}

// LogIn mails a log-in to an account. next is the page to go to afterwards; a
// page that is none of this server is dropped (S7). queued says that the mail
// is sent later.
func (s *Service) LogIn(ctx context.Context, entity, next string) (queued bool, err error) {
	if !httpapi.LocalPath(next) {
		next = ""
	}
	d, err := s.deps.Accounts.LogInWithNext(ctx, entity, next)
	return d == mailapi.Queued, err
}

// AccountSwitch tells whose session a token is and whose a mailed one would give,
// when both are good and they are not of the same account; else both are empty.
func (s *Service) AccountSwitch(ctx context.Context, token, mailed string) (now, then string, err error) {
	actor, err := s.actor(ctx, token)
	switch {
	case errs.Is(err, errs.InvalidToken), errs.Is(err, errs.Unauthenticated), errs.Is(err, errs.Hidden):
		return "", "", nil // there is no session
	case err != nil:
		return "", "", err
	}
	slug, err := s.deps.Accounts.LoginTokenEntity(mailed)
	if err != nil || slug == actor.Slug {
		return "", "", nil //nolint:nilerr // who uses a bad one is told then
	}
	return string(actor.Slug), string(slug), nil
}

// Confirm exchanges a mailed token, once, for a session.
func (s *Service) Confirm(ctx context.Context, mailed string) (httpapi.WebLogin, error) {
	made, err := s.deps.Accounts.ConfirmWebLogin(ctx, mailed)
	if err != nil {
		return httpapi.WebLogin{}, err
	}
	if !httpapi.LocalPath(made.Next) {
		made.Next = ""
	}
	return httpapi.WebLogin{Entity: string(made.Slug), Token: made.Token, Next: made.Next}, nil
}

// LogOut revokes the token of a session (S16). It is no error when there is
// nothing to revoke.
func (s *Service) LogOut(ctx context.Context, token string) error {
	return s.deps.Accounts.RevokePresented(ctx, token)
}

// PrepareConsent prepares the consent page. The request is checked before the session,
// so that a bad one is told as such. Errors: Invalid with an OAuth code;
// InvalidToken when there is no session.
func (s *Service) PrepareConsent(ctx context.Context, token string, r httpapi.AuthorizeRequest) (httpapi.Consent, error) {
	req, actor, err := s.parse(ctx, token, r)
	if err != nil {
		return httpapi.Consent{}, err
	}
	return s.deps.Applications.PrepareConsent(ctx, actor, req)
}

// Grant gives the address that takes a code to the application.
func (s *Service) Grant(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket, database string) (string, error) {
	req, actor, err := s.parse(ctx, token, r)
	if err != nil {
		return "", err
	}
	return s.deps.Applications.Grant(ctx, actor, req, ticket, database)
}

// Deny gives the address that tells the application no.
func (s *Service) Deny(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket string) (string, error) {
	req, actor, err := s.parse(ctx, token, r)
	if err != nil {
		return "", err
	}
	return s.deps.Applications.Deny(actor, req, ticket)
}

// CreateDatabase creates a database from the consent page (U1), under the
// session's own account, and gives its path.
func (s *Service) CreateDatabase(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket, name string) (string, error) {
	req, actor, err := s.parse(ctx, token, r)
	if err != nil {
		return "", err
	}
	if err := s.deps.Applications.CheckTicket(actor, req, ticket); err != nil {
		return "", err
	}
	made, err := s.deps.Databases.Create(ctx, actor, databases.NewDatabase{
		Entity: string(actor.Slug), Database: name, Type: string(ayb.SQLite), Public: string(ayb.PublicNone),
	})
	if err != nil {
		return "", err
	}
	return made.Path.String(), nil
}

func (s *Service) parse(ctx context.Context, token string, r httpapi.AuthorizeRequest) (oauth.Request, authz.Actor, error) {
	req, err := oauth.ParseRequest(r)
	if err != nil {
		return oauth.Request{}, authz.Actor{}, err
	}
	actor, err := s.actor(ctx, token)
	return req, actor, err
}
