// Package accounts registers entities, logs them in and out, and recognises
// them by their tokens. It owns the order of the checks and the words of the
// answers; records are kept by the store it is given, mails are sent by the
// mailer. It knows nothing of HTTP and of databases.
package accounts

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Identities is what accounts needs of the metadata store about entities and
// their addresses.
type Identities interface {
	// Addresses gives the verified addresses, oldest first. NotFound when
	// there is no such entity.
	Addresses(ctx context.Context, slug ayb.EntitySlug) ([]string, error)
	// Confirm carries out a confirmation whole or not at all. InvalidToken
	// when its mail was spent before; Conflict when the name belongs to
	// another address or the address to another name.
	Confirm(ctx context.Context, c meta.Confirmation) error
}

// Tokens is what accounts needs of the metadata store about API tokens.
// A missing token is NotFound.
type Tokens interface {
	TokenByShort(ctx context.Context, short string) (meta.APIToken, error)
	// ReloadToken is TokenByShort as it is now, whatever is remembered.
	ReloadToken(ctx context.Context, short string) (meta.APIToken, error)
	TokensOf(ctx context.Context, id meta.EntityID, now time.Time) ([]meta.APIToken, error)
	// TokensPage gives at most n of TokensOf that come after a short half,
	// and whether there are more. Invalid when after is none of the entity's.
	TokensPage(ctx context.Context, id meta.EntityID, now time.Time, after string, n int) (page []meta.APIToken, more bool, err error)
	// SurplusLogins gives tokens of log-ins beyond what the account may have.
	SurplusLogins(ctx context.Context, slug ayb.EntitySlug, short string, now time.Time) (id meta.EntityID, shorts []string, err error)
	CreateToken(ctx context.Context, t meta.APIToken) error
	RevokeToken(ctx context.Context, id meta.EntityID, short string, now time.Time) error
}

// Databases tells what callers may do with a database. Errors carry codes; it
// is one if the caller may not see that the database exists.
type Databases interface {
	Level(ctx context.Context, actor authz.Actor, entity, database string) (meta.Database, ayb.QueryLevel, error)
}

// UseTracker is told of every use of a token. It returns at once.
type UseTracker interface {
	Track(t meta.APIToken, at time.Time)
}

// Config is what accounts can be told.
type Config struct {
	// PublicURL is the address of the server as its users see it. A slash at
	// its end is dropped (O7).
	PublicURL string
	// Login is about log-in tokens.
	Login token.LoginConfig
}

// Deps are what accounts works with. All but Limits are needed.
type Deps struct {
	Identities Identities
	Tokens     Tokens
	Databases  Databases
	UseTracker UseTracker
	Mail       mailapi.Sender
	// Limits counts requests by account and by mail address; nil takes
	// everything.
	Limits Limiter
	Now    func() time.Time
}

// Accounts is the service. It may be used concurrently.
type Accounts struct {
	publicURL string
	logins    *token.Logins
	reserved  map[string]struct{}
	deps      Deps
	decoy     decoy
}

// New checks the configuration, the Fernet key included (O3).
func New(cfg Config, deps Deps) (*Accounts, error) {
	if deps.Identities == nil || deps.Tokens == nil || deps.Databases == nil || deps.UseTracker == nil || deps.Mail == nil || deps.Now == nil {
		return nil, errs.E(errs.Internal, "accounts: a dependency is missing")
	}
	logins, err := token.NewLogins(cfg.Login, deps.Now)
	if err != nil {
		return nil, err
	}
	return &Accounts{
		publicURL: strings.TrimRight(cfg.PublicURL, "/"),
		logins:    logins,
		reserved:  reservedNames(),
		deps:      deps,
	}, nil
}

// Register mails a log-in token to somebody who wants to be an entity. It
// stores nothing: the entity comes into being when the mail is confirmed.
// For an entity that exists, its own address gets a log-in and any other is
// refused.
//
// Errors, in the order of the checks: InvalidSlug, Registration (reserved
// name, bad address), Invalid (entity type), RateLimited (too many for this
// name or to this address), Conflict (registered with another address), and
// those of the mailer.
func (a *Accounts) Register(ctx context.Context, entity, address, entityType string) (mailapi.Delivery, error) {
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
	return a.sendMail(ctx, mail, token.Login{Entity: slug, Type: kind, Address: address})
}

// LogIn mails a log-in token to the first address of an entity. A name that
// nobody has, or that has no address, gets the same answer and no mail (S14):
// see decoy. Errors: RateLimited, for any name, and those of the mailer.
func (a *Accounts) LogIn(ctx context.Context, entity string) (mailapi.Delivery, error) {
	return a.LogInWithNext(ctx, entity, "")
}

// LogInWithNext is LogIn for a browser that is to go to a page afterwards. The
// caller has checked next, which is empty or a path of this server.
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
	// The type counts only when the entity does not exist, and it does.
	return a.sendMail(ctx, mailapi.KindLogin, token.Login{Entity: slug, Type: ayb.User, Address: known[0], Next: next})
}

// Confirm exchanges a log-in token, once, for an API token; the first one for
// a name creates the entity.
//
// Errors: Invalid for a token that is altered, expired or spent; Conflict
// when the name or the address has gone to somebody else meanwhile.
func (a *Accounts) Confirm(ctx context.Context, loginToken string) (slug ayb.EntitySlug, apiToken string, err error) {
	s, err := a.confirm(ctx, loginToken, 0)
	return s.Slug, s.Token, err
}

// webLoginIdle is how long the session of a browser may go unused (S16).
const webLoginIdle = 30 * 24 * time.Hour

// WebLogin is what a confirmed mail gives a browser.
type WebLogin struct {
	Slug ayb.EntitySlug
	// Token is an API token that ends when it is not used for 30 days.
	Token string
	// Next is the page to go to, as LogInWithNext was given it.
	Next string
}

// ConfirmWebLogin is Confirm for a browser.
func (a *Accounts) ConfirmWebLogin(ctx context.Context, loginToken string) (WebLogin, error) {
	return a.confirm(ctx, loginToken, webLoginIdle)
}

// LoginTokenEntity tells whose a log-in token is, without spending it. Errors are those
// of Confirm for the token itself.
func (a *Accounts) LoginTokenEntity(loginToken string) (ayb.EntitySlug, error) {
	opened, err := a.logins.Open(loginToken)
	if err != nil {
		return "", errInvalidLogin()
	}
	return opened.Entity, nil
}

// confirm makes a token that ends after going unused for idle, or one that
// does not end when that is zero.
func (a *Accounts) confirm(ctx context.Context, loginToken string, idle time.Duration) (WebLogin, error) {
	opened, err := a.logins.Open(loginToken)
	if err != nil {
		return WebLogin{}, errInvalidLogin()
	}
	// Whether the name is reserved was asked at registration; an entity that
	// is older than our list keeps its name.
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

// revokeSurplusLogins ends log-ins that an account has too many. Nobody is refused a
// log-in: who has lost all tokens could not get in again. What fails here is
// made up for at the next one.
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

// errInvalidLogin is Invalid: InvalidToken is said of API tokens only.
func errInvalidLogin() error { return errs.E(errs.Invalid, "Invalid or expired token") }

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
