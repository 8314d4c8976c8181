// Package weblogin acts for browsers that are logged in: it authenticates the
// token of the cookie and calls the services for that account. Package web shows
// the pages. The account comes from the token only; the name in the cookie,
// which a browser can change, is not passed to this package.
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

// Accounts is the service of log-ins and tokens.
type Accounts interface {
	RegisterWithNext(ctx context.Context, entity, address, entityType, next string) (mailapi.Delivery, error)
	LogInWithNext(ctx context.Context, entity, next string) (mailapi.Delivery, error)
	ConfirmWebLogin(ctx context.Context, loginToken string) (accounts.WebLogin, error)
	// LoginTokenEntity returns the entity of a log-in token without spending it.
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

// Deps are the services that a Service uses. All are required.
type Deps struct {
	Accounts     Accounts
	Applications Applications
	Databases    Databases
}

// Service implements the interfaces of package web. It may be used concurrently.
type Service struct{ deps Deps }

// New makes the service.
func New(deps Deps) (*Service, error) {
	if deps.Accounts == nil || deps.Applications == nil || deps.Databases == nil {
		return nil, errs.E(errs.Internal, "weblogin: a dependency is missing")
	}
	return &Service{deps: deps}, nil
}

// actor returns the actor of a token. The error is Hidden for a limited token: an
// application must not turn its token into the log-in of a user.
func (s *Service) actor(ctx context.Context, token string) (authz.Actor, error) {
	actor, err := s.deps.Accounts.Authenticate(ctx, token)
	if err == nil {
		err = authz.CheckScope(actor, authz.OpenWebSession)
	}
	if err != nil {
		return authz.Actor{}, err
	}
	return actor, nil
}

// Account returns the name of the account that a token logs in.
func (s *Service) Account(ctx context.Context, token string) (entity string, err error) {
	actor, err := s.actor(ctx, token)
	return string(actor.Slug), err
}

// Register mails a link that confirms a new account of a user. The browser goes to
// next afterwards, as for LogIn.
func (s *Service) Register(ctx context.Context, entity, address, next string) (queued bool, err error) {
	if !httpapi.LocalPath(next) {
		next = ""
	}
	d, err := s.deps.Accounts.RegisterWithNext(ctx, entity, address, string(ayb.User), next)
	return d == mailapi.Queued, err
}

// LogIn mails a log-in link to an account. The browser goes to next afterwards. A
// next that is not a path of this server is dropped, so that a link cannot lead
// to another site after the log-in. queued reports that the mail is sent later.
func (s *Service) LogIn(ctx context.Context, entity, next string) (queued bool, err error) {
	if !httpapi.LocalPath(next) {
		next = ""
	}
	d, err := s.deps.Accounts.LogInWithNext(ctx, entity, next)
	return d == mailapi.Queued, err
}

// AccountSwitch returns the account of the browser's token and the account of the
// mailed token, when both are valid and the accounts differ. In all other cases
// both are empty.
func (s *Service) AccountSwitch(ctx context.Context, token, mailed string) (now, then string, err error) {
	actor, err := s.actor(ctx, token)
	switch {
	case errs.Is(err, errs.InvalidToken), errs.Is(err, errs.Unauthenticated), errs.Is(err, errs.Hidden):
		return "", "", nil // the browser has no valid log-in
	case err != nil:
		return "", "", err
	}
	slug, err := s.deps.Accounts.LoginTokenEntity(mailed)
	if err != nil || slug == actor.Slug {
		return "", "", nil //nolint:nilerr // Confirm reports an invalid token
	}
	return string(actor.Slug), string(slug), nil
}

// Confirm exchanges a mailed token, once, for a log-in.
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

// LogOut revokes the token of a log-in. An invalid token is no error.
func (s *Service) LogOut(ctx context.Context, token string) error {
	return s.deps.Accounts.RevokePresented(ctx, token)
}

// PrepareConsent returns the contents of the consent page. It checks the request
// before the log-in, so that a bad request is reported as such. Errors: Invalid
// with an OAuth code; InvalidToken without a valid log-in.
func (s *Service) PrepareConsent(ctx context.Context, token string, r httpapi.AuthorizeRequest) (httpapi.Consent, error) {
	req, actor, err := s.parse(ctx, token, r)
	if err != nil {
		return httpapi.Consent{}, err
	}
	return s.deps.Applications.PrepareConsent(ctx, actor, req)
}

// Grant returns the address that takes a code to the application.
func (s *Service) Grant(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket, database string) (string, error) {
	req, actor, err := s.parse(ctx, token, r)
	if err != nil {
		return "", err
	}
	return s.deps.Applications.Grant(ctx, actor, req, ticket, database)
}

// Deny returns the address that reports the refusal to the application.
func (s *Service) Deny(ctx context.Context, token string, r httpapi.AuthorizeRequest, ticket string) (string, error) {
	req, actor, err := s.parse(ctx, token, r)
	if err != nil {
		return "", err
	}
	return s.deps.Applications.Deny(actor, req, ticket)
}

// CreateDatabase creates an empty database of the account and returns its path.
// The ticket must be that of a consent page.
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

// parse checks the request of an application and then authenticates the token.
func (s *Service) parse(ctx context.Context, token string, r httpapi.AuthorizeRequest) (oauth.Request, authz.Actor, error) {
	req, err := oauth.ParseRequest(r)
	if err != nil {
		return oauth.Request{}, authz.Actor{}, err
	}
	actor, err := s.actor(ctx, token)
	return req, actor, err
}
